#!/usr/bin/env python3
"""Training time beside other tools, and how it grows: tables of Markdown on standard output.

    python3 benches/training.py peers  --data BENCHMARKS --peers PEERS --work DIR [--sets a,b] [--repeats 3] [--threads 1]
    python3 benches/training.py growth --text FILE.tsv --work DIR [--sizes 10000,100000,1000000]

`peers`: whole processes, from file to model file, each tool in turn, over and over; the median counts. What a tool needs on ten
records is its start-up, which stands beside its time and is taken off. tasnif learns the features and the loss of the peer, by
PIPELINES: `svc` words and marks 1-2 into a linear SVM, `union` words 1-2 and characters 2-5 into the same, neither calibrated.
fastText runs at its defaults, vw with the options that PEERS uses for it.

`growth`: the first N records of one labelled file, whose lines should be distinct, for text that repeats itself flatters.
"""

import argparse
import os
import re
import random
import shlex
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TASNIF = os.environ.get("TASNIF", str(ROOT / "target/release/tasnif"))
SVM = '[classifier]\nkind = "svm"\nc = 1.0\n\n[calibration]\nmethod = "none"\n'
BLOCK = '[[features]]\nkind = "ngrams"\nanalyzer = "{}"\nngrams = {}\n\n'
PIPELINES = {
    "svc": "[tokenize]\npunctuation = true\n\n" + BLOCK.format("word", [1, 2]) + SVM,
    "union": "[tokenize]\nmin_chars = 2\n\n" + BLOCK.format("word", [1, 2]) + BLOCK.format("char_wb", [2, 5]) + SVM,
}


def run(command):
    """Wall seconds, CPU seconds and peak megabytes of a process. The peak is the kernel's own mark, asked for while it runs."""
    start = time.perf_counter()
    process = subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    peak = [0]

    def watch():
        while True:
            try:
                status = Path(f"/proc/{process.pid}/status").read_text()
            except OSError:
                return
            mark = re.search(r"VmHWM:\s+(\d+)", status)
            if not mark:
                return
            peak[0] = int(mark[1])
            time.sleep(0.003)

    watcher = threading.Thread(target=watch)
    watcher.start()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    process.returncode = status
    watcher.join()
    if status:
        raise SystemExit(f"{command}: exit {status}")
    return wall, usage.ru_utime + usage.ru_stime, peak[0] / 1024


def apart(text):
    return re.sub(r"([.,!?()\"';:/\u060c\u061b\u061f])", r" \1 ", text.lower())


def write(path, lines):
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in lines)


def prepare(rows, folder):
    """The records as each tool reads them, in one seeded order: fastText and vw learn in the order of the file."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = rows[:]
    random.Random(13).shuffle(rows)
    names = sorted({label for label, _ in rows})
    write(folder / "train.tsv", ("\t".join(row) for row in rows))
    write(folder / "train.ft", (f"__label__{label} {apart(text)}" for label, text in rows))
    clean = lambda text: re.sub(r"[:|]", " ", apart(text))
    write(folder / "train.vw", (f"{names.index(label) + 1} | {clean(text)}" for label, text in rows))
    return len(names)


def commands(folder, classes, peers, threads):
    for name, pipeline in PIPELINES.items():
        (folder / f"{name}.toml").write_text(pipeline, encoding="utf-8")
    tasnif = [TASNIF, "train", folder / "train.tsv", "--output", folder / "model", "--threads", threads, "--quiet"]
    peer = lambda name: [sys.executable, f"{peers}/sk_peers.py", "train", name, folder / "train.tsv", folder / "peer"]
    vw = [*shlex.split(os.environ.get("VW", "vw")), "-d", folder / "train.vw", "--oaa", classes]
    vw += "--ngram 2 -b 22 --loss_function logistic --passes 10 --holdout_off -c --quiet -k".split()
    vw += ["--cache_file", folder / "cache", "-f", folder / "model.vw"]
    fasttext = [os.environ.get("FASTTEXT", "fasttext"), "supervised", "-input", folder / "train.ft"]
    fasttext += ["-output", folder / "model.ft", "-thread", threads, "-verbose", 0]
    return {
        "tasnif, as svc": [*tasnif, "--config", folder / "svc.toml"],
        "scikit-learn svc": peer("svc"),
        "tasnif, as union": [*tasnif, "--config", folder / "union.toml"],
        "scikit-learn union": peer("union"),
        "tasnif, default": tasnif,
        "fastText": fasttext,
        "vw": vw,
    }


def medians(tools, repeats):
    runs = {name: [] for name in tools}
    for _ in range(repeats):
        for name, command in tools.items():
            runs[name].append(run(command))
    return {name: [statistics.median(column) for column in zip(*of)] for name, of in runs.items()}


def beside_peers(arguments):
    print("| set | tool | wall s | of it start-up | CPU s | peak MB | net of tasnif's |\n|---|---|---|---|---|---|---|")
    for name in arguments.sets.split(","):
        lines = (Path(arguments.data) / name / "train.tsv").read_text(encoding="utf-8").splitlines()
        rows = [line.split("\t", 1) for line in lines]
        work = Path(arguments.work)
        labels = {label: row for row in rows for label in row[:1]}
        ten = (list(labels.values()) + rows)[:10] if len(labels) <= 10 else list(labels.values())[:10]
        all_of, few = work / name, work / f"{name}.10"
        whole = medians(commands(all_of, prepare(rows, all_of), arguments.peers, arguments.threads), arguments.repeats)
        start = medians(commands(few, prepare(ten, few), arguments.peers, arguments.threads), arguments.repeats)
        net = {tool: whole[tool][0] - start[tool][0] for tool in whole}
        for tool, (wall, cpu, peak) in whole.items():
            own = {"scikit-learn svc": "tasnif, as svc", "scikit-learn union": "tasnif, as union"}.get(tool, "tasnif, as svc")
            ratio = "" if tool.startswith("tasnif") else f"{net[tool] / net[own]:.1f} ({own.split()[-1]})"
            print(f"| {name} | {tool} | {wall:.2f} | {start[tool][0]:.2f} | {cpu:.2f} | {peak:.0f} | {ratio} |", flush=True)


# The default pipeline holds the rows of several fits: a million records may need more memory than there is.
MOST_BY_DEFAULT = 200_000


def growth(arguments):
    work = Path(arguments.work)
    work.mkdir(parents=True, exist_ok=True)
    ways = {
        "words, svm": ["--classifier", "svm", "--analyzer", "word", "--ngrams", "1-2", "--calibration", "none"],
        "default": [],
        "online": ["--classifier", "online"],
    }
    print("| records | pipeline | wall s | CPU s | peak MB |\n|---|---|---|---|---|")
    for size in map(int, arguments.sizes.split(",")):
        train = work / f"first{size}.tsv"
        with open(arguments.text, encoding="utf-8") as file:
            write(train, (line.rstrip("\n") for _, line in zip(range(size), file)))
        for name, options in ways.items():
            if name == "default" and size > MOST_BY_DEFAULT:
                continue
            wall, cpu, peak = run([TASNIF, "train", train, "--output", work / "model", "--quiet", *options])
            print(f"| {size} | {name} | {wall:.1f} | {cpu:.1f} | {peak:.0f} |", flush=True)
    print("\n| records | new word 1-2-grams in the last 10,000, % of theirs |\n|---|---|")
    seen, fresh, own = set(), 0, 0
    with open(arguments.text, encoding="utf-8") as file:
        for count, line in zip(range(1, max(map(int, arguments.sizes.split(","))) + 1), file):
            words = re.findall(r"\w+", line.split("\t", 1)[-1].lower())
            grams = {hash(gram) for gram in [*words, *zip(words, words[1:])]}
            own += len(grams)
            fresh += len(grams - seen)
            seen |= grams
            if count % 10000 == 0:
                if count in (10000, 20000, 50000, 100000, 200000, 500000, 1000000):
                    print(f"| {count} | {100 * fresh / own:.1f} |", flush=True)
                fresh, own = 0, 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["peers", "growth"])
    parser.add_argument("--data")
    parser.add_argument("--peers")
    parser.add_argument("--text")
    parser.add_argument("--work", required=True)
    parser.add_argument("--sets", default="agnews_part,fbtask_en,banking77,subj,mr,r8,trec6,arsarcasm2_sentiment,osact4_off")
    parser.add_argument("--sizes", default="10000,100000,1000000")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    beside_peers(arguments) if arguments.what == "peers" else growth(arguments)


main()
