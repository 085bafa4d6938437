#!/usr/bin/env python3
"""The parts of compare.sh that are no shell.

compare.py texts SHARED WORK LINES       one record a line: WORK/{en,ar}/{big,one}.{lines,ft,vw}, and train and test for fastText and vw
compare.py run RESULTS RUNS NAME RECORDS ONE ALL    times a command on one record and on all of them; appends a line of JSON
compare.py score RESULTS NAME GOLD COMMAND          accuracy and macro F1 of the labels that a command prints
compare.py table RESULTS                 the table
"""
import json
import os
import pathlib
import random
import re
import statistics
import subprocess
import sys
import time

LANGUAGES = {"en": ("agnews_part", ["agnews_part", "fbtask_en", "r8", "mr", "subj"]), "ar": ("arsarcasm2_sentiment", None)}
BYTES = 120


def spread(text):
    """Punctuation apart and lower case: what fastText's and vw's authors do to text before it is read."""
    return re.sub(r"([.,!?()\"';:/\u060c\u061b\u061f])", r" \1 ", text.lower())


def cut(text):
    """Pieces of about BYTES bytes, at spaces."""
    piece, size = [], 0
    for word in text.split():
        length = len(word.encode()) + 1
        if size + length > BYTES and size > BYTES // 2:
            yield " ".join(piece)
            piece, size = [], 0
        piece.append(word)
        size += length
    if size > BYTES // 2:
        yield " ".join(piece)


def english(shared):
    pieces = []
    for name in LANGUAGES["en"][1]:
        for part in ("train.tsv", "test.tsv"):
            for line in open(shared / "benchmarks" / name / part, encoding="utf-8"):
                pieces.extend(cut(line.rstrip("\n").partition("\t")[2]))
    random.Random(13).shuffle(pieces)
    return pieces


def arabic(shared, lines):
    pieces = []
    with subprocess.Popen(["zstd", "-dc", shared / "text" / "corpus-ar.txt.zst"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as zstd:
        for line in zstd.stdout:
            pieces.extend(cut(line.decode()))
            if len(pieces) >= lines:
                break
        zstd.kill()
    return pieces


def texts(shared, work, lines):
    shared, work = pathlib.Path(shared), pathlib.Path(work)
    for language, (name, _) in LANGUAGES.items():
        folder = work / language
        folder.mkdir(exist_ok=True)
        data = shared / "benchmarks" / name
        rows = {part: [line.rstrip("\n").partition("\t")[::2] for line in open(data / f"{part}.tsv", encoding="utf-8")] for part in ("train", "test")}
        places = {label: place for place, label in enumerate(sorted({label for label, _ in rows["train"]}), 1)}
        random.Random(13).shuffle(rows["train"])
        for part, records in rows.items():
            with open(folder / f"{part}.ft", "w") as ft, open(folder / f"{part}.vw", "w") as vw:
                for label, text in records:
                    text = spread(text)
                    ft.write(f"__label__{label} {text}\n" if part == "train" else text + "\n")
                    vw.write(f"{places.get(label, 1)} | {re.sub('[:|]', ' ', text)}\n")
        big = folder / "big.lines"
        if big.exists() and (folder / "count").read_text() == str(lines):
            continue
        pieces = english(shared) if language == "en" else arabic(shared, lines)
        (folder / "one.tsv").write_text("x\ta b\n")
        for kind, of in (("lines", str), ("ft", spread), ("vw", lambda text: "1 | " + re.sub("[:|]", " ", spread(text)))):
            (folder / f"one.{kind}").write_text(of("a b") + "\n")
            with open(folder / f"big.{kind}", "w") as file:
                file.writelines(of(pieces[place % len(pieces)]) + "\n" for place in range(lines))
        (folder / "count").write_text(str(lines))
        print(f"{language}: {len(pieces)} different records, {big.stat().st_size / lines:.0f} bytes each", file=sys.stderr)


def once(command):
    """Wall and CPU seconds, and the peak of memory in MB. The shell is replaced by the command where it can be, and counts where not."""
    before = time.perf_counter()
    process = subprocess.Popen(["/usr/bin/time", "-f", "%M %U %S", "bash", "-c", command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    _, errors = process.communicate()
    wall = time.perf_counter() - before
    if process.returncode != 0:
        sys.exit(f"compare.py: {command}: exit {process.returncode}\n{errors}")
    memory, user, system = errors.strip().splitlines()[-1].split()
    return wall, float(user) + float(system), int(memory) / 1000


def run(results, runs, name, records, one, everything):
    starts = [once(one)[0] for _ in range(int(runs))]
    full = [once(everything) for _ in range(int(runs))]
    start, wall = statistics.median(starts), statistics.median(wall for wall, _, _ in full)
    row = {"name": name, "records": int(records), "start": start, "wall": wall, "fastest": min(wall for wall, _, _ in full),
           "cpu": statistics.median(cpu for _, cpu, _ in full), "peak": max(peak for _, _, peak in full)}
    append(results, row)


def score(results, name, gold, command):
    gold = [line.partition("\t")[0] for line in open(gold, encoding="utf-8")]
    printed = subprocess.run(["bash", "-c", command], stdout=subprocess.PIPE, check=True, text=True).stdout
    given = [line.partition("\t")[0].removeprefix("__label__") for line in printed.splitlines()]
    if len(gold) != len(given):
        sys.exit(f"compare.py: {name}: {len(gold)} records, {len(given)} labels")
    f1 = []
    for label in sorted(set(gold)):
        right = sum(a == b == label for a, b in zip(gold, given))
        f1.append(2 * right / (gold.count(label) + given.count(label)))
    accuracy = sum(a == b for a, b in zip(gold, given)) / len(gold)
    append(results, {"name": name, "accuracy": accuracy, "macro_f1": statistics.mean(f1)})


def append(results, row):
    with open(results, "a") as file:
        file.write(json.dumps(row) + "\n")
    print(json.dumps(row), file=sys.stderr)


def table(results):
    rows = {}
    for line in open(results):
        row = json.loads(line)
        rows.setdefault(row["name"], {}).update(row)
    print("| tool | records | start-up s | wall s | records/s | net records/s | CPU s | peak MB | accuracy | macro F1 |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for row in rows.values():
        net = row["records"] / max(row["wall"] - row["start"], 1e-9)
        rates = [f"{row['records'] / row['wall']:,.0f}", f"{net:,.0f}"] if row["records"] > 1 else ["", ""]
        quality = [f"{100 * row[key]:.1f}" if key in row else "" for key in ("accuracy", "macro_f1")]
        cells = [row["name"], f"{row['records']:,}", f"{row['start']:.3f}", f"{row['wall']:.2f}", *rates, f"{row['cpu']:.2f}", f"{row['peak']:.0f}", *quality]
        print("| " + " | ".join(cells) + " |")


if __name__ == "__main__":
    commands = {"texts": (texts, 3), "run": (run, 6), "score": (score, 4), "table": (table, 1)}
    name, arguments = sys.argv[1] if len(sys.argv) > 1 else "", sys.argv[2:]
    if name not in commands or len(arguments) != commands[name][1]:
        sys.exit(__doc__)
    if name == "texts":
        arguments[2] = int(arguments[2])
    commands[name][0](*arguments)
