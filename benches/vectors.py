#!/usr/bin/env python3
"""What word vectors, and the places of words, bring where labels are few: two tables in Markdown on standard output.

    python3 benches/vectors.py --train DATA.jsonl… --test GOLD.jsonl --vectors FILE [--sizes 200,400,800] [--draws 5] [--scale 0.05]

For each size, seeded draws of whole groups from the training records; for each draw, four-fold cross-validation by group on what was drawn
(`tasnif train --cv 4`) and macro F1 on the test records. All variants share one classifier (logistic, C 5, balanced). The interval
is a paired bootstrap over the test records of the mean difference between the draws' models with and without the block.
Needs a release build of tasnif (or TASNIF) and numpy.
"""

import argparse
import json
import os
import random
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

CLASSIFIER = """
[classifier]
kind = "logistic"
c = 5.0
[calibration]
method = "none"
[training]
class_weight = "balanced"
"""


def ngrams(analyzer, low, high, extra=""):
    return f'[[features]]\nkind = "ngrams"\nanalyzer = "{analyzer}"\nngrams = [{low}, {high}]\n{extra}\n'


def variants(vectors, scale):
    """Pipeline files by name, each with one kind of features more than the one before it."""
    alone = ngrams("word", 1, 2) + ngrams("char_wb", 2, 5)
    places = "".join(ngrams("word", 1, 2 if w == "0:5" else 1, f'scale = 0.4\nwindow = "{w}"') for w in ("0:1", "1:2", "2:3", "0:5"))
    pooled = "".join(
        f'[[features]]\nkind = "vectors"\nfile = "{vectors}"\nscale = {scale}\n{extra}\n'
        for extra in ("sif = 0.001", 'window = "0:4"', 'window = "4:12"'))
    return {"n-grams": alone, "+ places": alone + places, "+ vectors": alone + places + pooled}


def macro_f1(gold, predicted, rows):
    """Mean F1 of the labels that stand in `gold[rows]`."""
    gold, predicted = gold[rows], predicted[rows]
    scores = []
    for label in np.unique(gold):
        hit = np.sum((gold == label) & (predicted == label))
        scores.append(2 * hit / (np.sum(gold == label) + np.sum(predicted == label)))
    return float(np.mean(scores))


def draw(records, size, seed):
    """Whole groups in random order until there are `size` records."""
    groups = {}
    for line in records:
        groups.setdefault(json.loads(line)["group"], []).append(line)
    names = sorted(groups)
    random.Random(seed).shuffle(names)
    taken = []
    for name in names:
        if len(taken) >= size:
            break
        taken += groups[name]
    return taken


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", nargs="+", required=True)
    parser.add_argument("--test", required=True)
    parser.add_argument("--vectors", required=True)
    parser.add_argument("--sizes", default="200,400,800")
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--scale", type=float, default=0.05)
    args = parser.parse_args()
    tasnif = os.environ.get("TASNIF", "target/release/tasnif")
    records = [line for path in args.train for line in open(path, encoding="utf-8")]
    gold = np.array([json.loads(line)["label"] for line in open(args.test, encoding="utf-8")])
    configs = variants(Path(args.vectors).resolve(), args.scale)
    sizes = [int(size) for size in args.sizes.split(",")]
    held_in, predictions = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        for size in sizes:
            for seed in range(args.draws):
                (folder / "train.jsonl").write_text("".join(draw(records, size, seed)), encoding="utf-8")
                for name, features in configs.items():
                    (folder / "pipeline.toml").write_text(features + CLASSIFIER)
                    run = subprocess.run(
                        [tasnif, "train", folder / "train.jsonl", "--config", folder / "pipeline.toml", "--cv", "4", "--quiet",
                         "--output", folder / "model.tasnif"], check=True, capture_output=True, text=True)
                    held_in.setdefault((name, size), []).append(
                        float(re.search(r"^macro F1 ([\d.]+)", run.stdout + run.stderr, re.M)[1]))
                    out = subprocess.run(
                        [tasnif, "predict", args.test, "--model", folder / "model.tasnif", "--output-format", "jsonl", "--quiet"],
                        check=True, capture_output=True, text=True).stdout
                    predictions.setdefault((name, size), []).append(
                        np.array([json.loads(line)["label"] for line in out.splitlines()]))
                    print(f"{size} {seed} {name}", file=sys.stderr)
    everything = np.arange(len(gold))
    rng = np.random.default_rng(0)
    resamples = [rng.integers(0, len(gold), len(gold)) for _ in range(1000)]
    spread = lambda scores: f"{np.mean(scores):.3f} ± {np.std(scores, ddof=1):.3f}"
    print("| features | " + " | ".join(f"{size}, folds | {size}, test" for size in sizes) + " |")
    print("|---|" + "---|" * (2 * len(sizes)))
    for name in configs:
        cells = [spread(held_in[name, size]) + " | " + spread([macro_f1(gold, p, everything) for p in predictions[name, size]])
                 for size in sizes]
        print(f"| {name} | " + " | ".join(cells) + " |")
    print("\n| gain on the test records, in points | " + " | ".join(map(str, sizes)) + " |\n|---|" + "---|" * len(sizes))
    names = list(configs)
    for before, after in zip(names, names[1:]):
        cells = []
        for size in sizes:
            gain = lambda rows: 100 * np.mean([macro_f1(gold, b, rows) - macro_f1(gold, a, rows)
                                               for a, b in zip(predictions[before, size], predictions[after, size])])
            low, high = np.percentile([gain(rows) for rows in resamples], [2.5, 97.5])
            cells.append(f"{gain(everything):.1f} ({low:.1f} to {high:.1f})")
        print(f"| {after} | " + " | ".join(cells) + " |")


main()
