#!/usr/bin/env python3
"""Accuracy beside other tools, one table: writes ACCURACY.md beside this file.

    python3 benches/accuracy.py --data BENCHMARKS --peers PEERS --work DIR [--sets a,b] [--stages peers,ours] [--trials N]

DATA has a folder a set with train.tsv and test.tsv (label, tab, text); PEERS has sk_peers.py, whose make(NAME) gives scikit-learn's
pipelines. Needs scikit-learn, `fasttext` (or FASTTEXT), `vw` (or VW) and a release build of tasnif (or TASNIF).

The peer of a set is the scikit-learn pipeline that ten-fold cross-validation on the train file picks; test files fill the
table and choose nothing. Sets in TEN_FOLD are too small for one test file: there, train and test are joined and
every tool is judged by the same ten folds (Wang & Manning 2012 did so on MR). What was predicted stays in the work folder, so that a
second run goes on where the first stopped.
"""

import argparse
import json
import os
import random
import re
import shlex
import subprocess
import sys
from datetime import date
from pathlib import Path

import numpy as np
from sklearn.model_selection import StratifiedKFold

SETS = "mr subj trec6 banking77 r8 fbtask_en agnews_part ajgt arsarcasm2_sentiment osact4_off".split()
TEN_FOLD = {"mr", "ajgt"}
CANDIDATES = "lr lr10 svc union nbsvm".split()
OTHERS = ["ft_w2", "ft_c25", "vw"]
OURS = ["default", "tuned"]
FASTTEXT = {"ft_w2": "-wordNgrams 2", "ft_c25": "-wordNgrams 2 -minn 2 -maxn 5"}


NOTES = """\
# Accuracy beside other tools

Made by `benches/accuracy.py` on {date} (scikit-learn 1.9.1, fastText 0.9.2, vw 9.11.9); its head says how. Figures are accuracy in %.

- `lr`, `lr10`: scikit-learn's logistic regression on tf-idf of words 1–2, C = 1 and, with marks as words and logarithmic counts, C = 10;
  `svc`: `LinearSVC` on the same as `lr10`; `union`: `LinearSVC` on words 1–2 and characters within words 2–5; `nbsvm`: Wang & Manning 2012.
- `ft_w2`, `ft_c25`: fastText with 10 dimensions, 25 epochs, rate 0.5, word 1–2-grams, without and with characters 2–5; `vw`: one against all, logistic,
  2-grams, 10 passes.
- `default`: `tasnif train` without options. `tuned`: `tasnif tune --trials {trials} --metric accuracy`, which sees the train file alone.
- **peer**: the scikit-learn pipeline that ten-fold cross-validation on the train file picks. In bold: the best of the five on the test file,
  which one cannot know beforehand. The intervals are paired-bootstrap intervals of the difference to the peer, in points.
- mr and ajgt: ten folds over all records instead of one small test file. The published NBSVM figure on MR is 79.4.
- The default was chosen by five-fold cross-validation on the train files of eight of these sets (all but fbtask_en and agnews_part).

{table}
"""


def load(path):
    rows = [line.rstrip("\n").split("\t", 1) for line in open(path, encoding="utf-8")]
    return [label for label, _ in rows], [text for _, text in rows]


def folds(labels):
    return StratifiedKFold(10, shuffle=True, random_state=13).split(labels, labels)


def quietly(*command):
    subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def apart(text):
    """Marks apart from words, in lower case: what fastText's and vw's authors advise."""
    return re.sub(r"([.,!?()\"';:/\u060c\u061b\u061f])", r" \1 ", text.lower())


class Tools:
    def __init__(self, arguments):
        sys.path.insert(0, arguments.peers)
        from sk_peers import make

        self.make = make
        self.work = Path(arguments.work)
        self.trials = arguments.trials
        root = Path(__file__).resolve().parent.parent
        self.tasnif = os.environ.get("TASNIF", root / "target/release/tasnif")
        self.fasttext = os.environ.get("FASTTEXT", "fasttext")
        self.vw = shlex.split(os.environ.get("VW", "vw"))

    def predict(self, tool, labels, texts, queries):
        """The labels that `tool`, trained on `labels` and `texts`, gives to `queries`."""
        if tool in CANDIDATES:
            return [str(label) for label in self.make(tool).fit(texts, labels).predict(queries)]
        run = {"default": self.run_tasnif, "tuned": self.run_tasnif, "vw": self.run_vw}.get(tool, self.run_fasttext)
        return run(tool, labels, texts, queries)

    def run_tasnif(self, tool, labels, texts, queries):
        train, query, model, out = (self.work / name for name in ("train.tsv", "query.tsv", "model", "out.jsonl"))
        write(train, (f"{label}\t{text}" for label, text in zip(labels, texts)))
        write(query, (f"\t{text}" for text in queries))
        if tool == "default":
            quietly(self.tasnif, "train", train, "--output", model, "--quiet")
        else:
            quietly(self.tasnif, "tune", train, "--output", model, "--trials", self.trials, "--metric", "accuracy", "--quiet")
        quietly(self.tasnif, "predict", query, "--model", model, "--output", out, "--output-format", "jsonl", "--quiet")
        return [json.loads(line)["label"] for line in open(out, encoding="utf-8")]

    def shuffled(self, labels, texts):
        """Both learn in the order of the file."""
        order = list(range(len(labels)))
        random.Random(13).shuffle(order)
        return [(labels[i], apart(texts[i])) for i in order]

    def run_fasttext(self, tool, labels, texts, queries):
        train, query, model = (self.work / name for name in ("train.ft", "query.ft", "model.ft"))
        write(train, (f"__label__{label} {text}" for label, text in self.shuffled(labels, texts)))
        write(query, map(apart, queries))
        options = f"-dim 10 -lr 0.5 -epoch 25 -bucket 2000000 {FASTTEXT[tool]} -thread 1 -verbose 0".split()
        quietly(self.fasttext, "supervised", "-input", train, "-output", model, *options)
        out = subprocess.run([self.fasttext, "predict", f"{model}.bin", query], check=True, capture_output=True, text=True)
        return [line.removeprefix("__label__") for line in out.stdout.splitlines()]

    def run_vw(self, _, labels, texts, queries):
        train, query, model, out = (self.work / name for name in ("train.vw", "query.vw", "model.vw", "out.vw"))
        names = sorted(set(labels))
        clean = lambda text: re.sub(r"[:|]", " ", text)
        write(train, (f"{names.index(label) + 1} | {clean(text)}" for label, text in self.shuffled(labels, texts)))
        write(query, (f"1 | {clean(apart(text))}" for text in queries))
        cache = self.work / "train.cache"
        for old in (cache, model):
            old.unlink(missing_ok=True)
        options = f"--oaa {len(names)} --ngram 2 -b 22 --loss_function logistic --passes 10 --holdout_off -c".split()
        quietly(*self.vw, "-d", train, *options, "--cache_file", cache, "-f", model, "--quiet")
        quietly(*self.vw, "-t", "-d", query, "-i", model, "-p", out, "--quiet")
        return [names[int(float(line.split()[0])) - 1] for line in open(out) if line.strip()]


def write(path, lines):
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in lines)


def by_folds(tools, tool, labels, texts):
    predicted = [""] * len(labels)
    for train, test in folds(labels):
        part = tools.predict(tool, [labels[i] for i in train], [texts[i] for i in train], [texts[i] for i in test])
        for i, label in zip(test, part):
            predicted[i] = label
    return predicted


def kept(path, make):
    """The labels in the file at `path`, which `make` makes if there is none."""
    if not path.exists():
        print(path.name, flush=True)
        labels = make()
        partial = path.with_suffix(".partial")
        write(partial, labels)
        partial.rename(path)
    return [line.rstrip("\n") for line in open(path, encoding="utf-8")]


def judge(tools, data, name, stages):
    """For each tool, which records of the set it labels right; for each candidate, its accuracy by folds of the train file."""
    labels, texts = load(data / name / "train.tsv")
    gold, queries = load(data / name / "test.tsv")
    right, chosen_by = {}, {}
    if name in TEN_FOLD:
        labels, texts = labels + gold, texts + queries
        gold = labels
    for tool in [*CANDIDATES, *OTHERS, *OURS]:
        ours = tool in OURS
        if ("ours" if ours else "peers") not in stages and not (tools.work / f"{name}.{tool}.txt").exists():
            continue
        make = (
            (lambda: by_folds(tools, tool, labels, texts))
            if name in TEN_FOLD
            else (lambda: tools.predict(tool, labels, texts, queries))
        )
        found = kept(tools.work / f"{name}.{tool}.txt", make)
        assert len(found) == len(gold), (name, tool)
        right[tool] = np.array(found) == np.array(gold)
        if tool in CANDIDATES and name not in TEN_FOLD and "peers" in stages:
            found = kept(tools.work / f"{name}.{tool}.cv.txt", lambda: by_folds(tools, tool, labels, texts))
            chosen_by[tool] = np.mean(np.array(found) == np.array(labels))
    if name in TEN_FOLD:
        chosen_by = {tool: right[tool].mean() for tool in CANDIDATES if tool in right}
    return right, chosen_by


def interval(ours, theirs):
    """The 95 % paired-bootstrap interval of the difference in accuracy, in points."""
    difference = ours.astype(float) - theirs
    draws = np.random.default_rng(13).choice(difference, (2000, len(difference)))
    low, high = np.quantile(draws.mean(axis=1), [0.025, 0.975])
    return 100 * low, 100 * high


def table(results):
    tools = [*CANDIDATES, *OTHERS, *OURS]
    lines = [f"| set | {' | '.join(tools)} | peer | default − peer | 95 % | tuned − peer | 95 % |"]
    lines.append("|---" * (len(tools) + 6) + "|")
    gaps = {tool: [] for tool in OURS}
    for name, (right, chosen_by) in results.items():
        peer = max(chosen_by, key=chosen_by.get)
        best = max(CANDIDATES, key=lambda tool: right[tool].mean())
        cells = []
        for tool in tools:
            figure = f"{100 * right[tool].mean():.1f}" if tool in right else ""
            cells.append(f"**{figure}**" if tool == best else figure)
        cells.append(peer)
        for tool in OURS:
            if tool not in right:
                cells += ["", ""]
                continue
            gap = 100 * (right[tool].mean() - right[peer].mean())
            low, high = interval(right[tool], right[peer])
            gaps[tool].append(gap)
            cells += [f"{gap:+.1f}", f"{low:+.1f} to {high:+.1f}"]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    means = {tool: f"{np.mean(gap):+.2f}" if gap else "" for tool, gap in gaps.items()}
    lines.append(f"| mean |{' |' * (len(tools) + 1)} {means['default']} | | {means['tuned']} | |")
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--peers", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--stages", default="peers,ours")
    parser.add_argument("--trials", default="40")
    arguments = parser.parse_args()
    tools = Tools(arguments)
    tools.work.mkdir(parents=True, exist_ok=True)
    results = {}
    for name in arguments.sets.split(","):
        results[name] = judge(tools, Path(arguments.data), name, arguments.stages.split(","))
    if set(arguments.stages.split(",")) == {"peers", "ours"}:
        text = NOTES.replace("{table}", "\n".join(table(results))).replace("{date}", str(date.today()))
        out = Path(__file__).resolve().parent / "ACCURACY.md"
        out.write_text(text.replace("{trials}", arguments.trials), encoding="utf-8")


main()
