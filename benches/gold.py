#!/usr/bin/env python3
"""The default model beside other tools on test sentences, how far its scores can be trusted, and its learning curve: Markdown on standard output.

    python3 benches/gold.py --written data/written-*.jsonl --news NEWS.jsonl --gold A.jsonl B.jsonl [--stages peers,scores,curve]

`peers`: the same training records for scikit-learn (the union of words 1-2 and characters within words 2-5 into LinearSVC, and into
logistic regression) and fastText (words 1-2 and characters 2-5, 25 epochs, rate 0.5, median of five runs' macro F1; with and without
--pretrained vectors). `scores`: expected calibration error in five bins of equal mass with the 95 % range that a perfectly calibrated
model with the same scores would show (10,000 draws), Brier score, and accuracy on the 80 % of highest score. `curve`: macro F1 from parts of the
written records, of the news, and of both. Needs scikit-learn, `fasttext` (or FASTTEXT) and a release build of tasnif (or TASNIF).
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

TASNIF = os.environ.get("TASNIF", "target/release/tasnif")


def load(paths):
    return [json.loads(line) for path in paths for line in open(path, encoding="utf-8")]


def macro_f1(gold, predicted):
    labels = sorted(set(gold))
    hits = lambda a, b, label: sum(x == label and y == label for x, y in zip(a, b))
    f1 = {label: 2 * hits(gold, predicted, label) / (gold.count(label) + predicted.count(label)) for label in labels}
    return sum(f1.values()) / len(labels), min(f1.items(), key=lambda pair: pair[1])


def ours(folder, model, gold):
    """What a model says about the records of `gold`: labels, top scores, all scores."""
    path = folder / "gold.jsonl"
    path.write_text("".join(json.dumps({"text": r["text"]}, ensure_ascii=False) + "\n" for r in gold), encoding="utf-8")
    command = [TASNIF, "predict", path, "--output-format", "jsonl", "--quiet"] + (["--model", model] if model else [])
    rows = [json.loads(line) for line in subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()]
    return [r["label"] for r in rows], np.array([r["score"] for r in rows]), [r["scores"] for r in rows]


def fit(folder, records, config):
    path = folder / "train.jsonl"
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records), encoding="utf-8")
    # As models/build.sh does it.
    weights = "--record-weight sure=false:0.5 --calibration-weight voice=*:0".split() if any("sure" in r for r in records) else []
    subprocess.run([TASNIF, "train", path, "--config", config, "--group-field", "group,doc", *weights, "--quiet",
                    "--output", folder / "m.tasnif"], check=True, stdout=subprocess.DEVNULL)
    return folder / "m.tasnif"


def union(kind):
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline, make_union
    from sklearn.svm import LinearSVC
    tfidf = lambda **options: TfidfVectorizer(sublinear_tf=True, min_df=2, **options)
    features = make_union(tfidf(ngram_range=(1, 2), token_pattern=r"\w+|[^\w\s]"), tfidf(analyzer="char_wb", ngram_range=(2, 5)))
    return make_pipeline(features, {
        "svc": LinearSVC(C=0.5), "svc, balanced": LinearSVC(C=0.5, class_weight="balanced"),
        "logistic, balanced": LogisticRegression(C=5, class_weight="balanced", max_iter=2000)}[kind])


def fasttext(folder, records, golds, pretrained, seed):
    program = os.environ.get("FASTTEXT", "fasttext")
    line = lambda text: " ".join(text.split())
    shuffled = records[:]
    random.Random(13).shuffle(shuffled)
    (folder / "ft.txt").write_text("".join(f"__label__{r['label']} {line(r['text'])}\n" for r in shuffled), encoding="utf-8")
    options = "-wordNgrams 2 -minn 2 -maxn 5 -epoch 25 -lr 0.5 -thread 1 -verbose 0".split() + ["-seed", str(seed)]
    if pretrained:
        with open(pretrained, encoding="utf-8") as file:
            options += ["-pretrainedVectors", pretrained, "-dim", file.readline().split()[1]]
    subprocess.run([program, "supervised", "-input", folder / "ft.txt", "-output", folder / "ft", *options], check=True, capture_output=True)
    said = []
    for gold in golds:
        (folder / "gold.txt").write_text("".join(line(r["text"]) + "\n" for r in gold), encoding="utf-8")
        out = subprocess.run([program, "predict", folder / "ft.bin", folder / "gold.txt"], check=True, capture_output=True, text=True)
        said.append([label.removeprefix("__label__") for label in out.stdout.split()])
    return said


def peers(folder, args, written, news, golds):
    print("| trained on | tool | " + " | ".join(f"macro F1, {Path(p).stem} | lowest label" for p in args.gold) + " |")
    print("|---|---|" + "---|---|" * len(golds))

    def row(source, tool, said):
        cells = []
        for gold, labels in zip(golds, said):
            score, (label, low) = macro_f1([r["label"] for r in gold], labels)
            cells.append(f"{score:.3f} | {label} {low:.3f}")
        print(f"| {source} | {tool} | " + " | ".join(cells) + " |", flush=True)

    for source, records in ("data/", written), ("data/ and news", written + news):
        model = fit(folder, records, args.config)
        row(source, "tasnif, `default.toml`", [ours(folder, model, gold)[0] for gold in golds])
        texts, labels = [r["text"] for r in records], [r["label"] for r in records]
        for kind in "svc", "svc, balanced", "logistic, balanced":
            model = union(kind).fit(texts, labels)
            row(source, f"scikit-learn union, {kind}", [list(model.predict([r["text"] for r in gold])) for gold in golds])
        for pretrained in [None, args.pretrained] if args.pretrained else [None]:
            runs = [fasttext(folder, records, golds, pretrained, seed) for seed in range(5)]
            both = lambda said: sum(macro_f1([r["label"] for r in g], s)[0] for g, s in zip(golds, said))
            row(source, "fastText" + (", our vectors" if pretrained else ""), sorted(runs, key=both)[2])


def calibration_error(scores, correct, bins=5):
    order = np.argsort(scores, kind="stable")
    parts = np.array_split(order, bins)
    return sum(len(part) * abs(scores[part].mean() - correct[part].mean()) for part in parts) / len(scores)


def scores(folder, args, written, news, golds):
    print("\n| sentences | accuracy | on the 80 % of highest score | Brier | calibration error | range if calibrated |\n|---|---|---|---|---|---|")
    rng = np.random.default_rng(0)
    for name, gold in zip([Path(p).stem for p in args.gold] + ["all"], golds + [sum(golds, [])]):
        labels, top, every = ours(folder, args.model, gold)
        correct = np.array([r["label"] == label for r, label in zip(gold, labels)], float)
        kept = np.argsort(-top, kind="stable")[: round(0.8 * len(gold))]
        brier = np.mean([sum((p - (label == r["label"])) ** 2 for label, p in said.items()) for r, said in zip(gold, every)])
        drawn = [calibration_error(top, (rng.random(len(top)) < top).astype(float)) for _ in range(10_000)]
        low, high = np.percentile(drawn, [2.5, 97.5])
        print(f"| {name} | {correct.mean():.3f} | {correct[kept].mean():.3f} | {brier:.3f} | {calibration_error(top, correct):.3f} | {low:.3f}–{high:.3f} |",
              flush=True)


def curve(folder, args, written, news, golds):
    print("\n| training records | sentences | " + " | ".join(Path(p).stem for p in args.gold) + " |\n|---|---|" + "---|" * len(golds))
    sources = {"written": (written, "group"), "news": (news, "doc"), "both": (written + news, None)}
    for name, (records, _) in sources.items():
        for share in 0.125, 0.25, 0.5, 1.0:
            found = []
            for seed in range(3 if share < 1 else 1):
                groups = {}
                for record in records:
                    groups.setdefault(record.get("group") or record.get("doc"), []).append(record)
                names = sorted(groups, key=str)
                random.Random(seed).shuffle(names)
                part = []
                for group in names:
                    if len(part) < share * len(records):
                        part += groups[group]
                model = fit(folder, part, args.config)
                found.append([macro_f1([r["label"] for r in gold], ours(folder, model, gold)[0])[0] for gold in golds])
            print(f"| {name} | {len(part)} | " + " | ".join(f"{value:.3f}" for value in np.mean(found, axis=0)) + " |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--written", nargs="+", required=True)
    parser.add_argument("--news", required=True)
    parser.add_argument("--gold", nargs="+", required=True)
    parser.add_argument("--config", default="models/default.toml")
    parser.add_argument("--model", help="for `scores` [default: the one in the binary]")
    parser.add_argument("--pretrained", help=".vec file for fastText")
    parser.add_argument("--stages", default="peers,scores,curve")
    args = parser.parse_args()
    written, news, golds = load(args.written), load([args.news]), [load([path]) for path in args.gold]
    with tempfile.TemporaryDirectory() as folder:
        for stage in args.stages.split(","):
            {"peers": peers, "scores": scores, "curve": curve}[stage](Path(folder), args, written, news, golds)


if __name__ == "__main__":
    main()
