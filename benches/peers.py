#!/usr/bin/env python3
"""peers.py TEXT [--tasnif BINARY] [--lines N] [--rounds N] [--threads 1,2] [--vocab N] -- our ids beside other programs'.

Trains a byte-level BPE, a WordPiece (BERT) and a Unigram vocabulary on the first N lines of TEXT with Python's `tokenizers`, then
measures, in turns in one run, `encode_batch_fast` of Python and `tasnif bench` on the same lines and vocabularies. Where they
are installed, tiktoken, gigatoken and rs-bpe get the byte-level BPE; one that cannot load it is named, with its error. Beside the speed stands how many lines have the same ids as Python's.
Needs: pip install tokenizers (0.23.3 for the figures in RESULTS.md); the peers are tiktoken, gigatoken and rs-bpe of PyPI.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("text")
parser.add_argument("--tasnif", default="tasnif")
parser.add_argument("--lines", type=int, default=10_000)
parser.add_argument("--rounds", type=int, default=5)
parser.add_argument("--threads", default="1")
parser.add_argument("--vocab", type=int, default=16_000)
args = parser.parse_args()

GPT2 = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


def train(lines):
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer, bpe.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    yield "byte_bpe", bpe, trainers.BpeTrainer(
        vocab_size=args.vocab, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    piece = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    piece.normalizer, piece.pre_tokenizer = normalizers.BertNormalizer(lowercase=True), pre_tokenizers.BertPreTokenizer()
    yield "wordpiece", piece, trainers.WordPieceTrainer(vocab_size=args.vocab, special_tokens=["[UNK]"], show_progress=False)
    unigram = Tokenizer(models.Unigram())
    unigram.pre_tokenizer, unigram.decoder = pre_tokenizers.Metaspace(), decoders.Metaspace()
    yield "unigram", unigram, trainers.UnigramTrainer(
        vocab_size=args.vocab, special_tokens=["<unk>"], unk_token="<unk>", show_progress=False)


def ranks_of(tokenizer):
    model = json.loads(tokenizer.to_str())["model"]
    keep = list(range(ord("!"), ord("~") + 1)) + list(range(0xA1, 0xAD)) + list(range(0xAE, 0x100))
    byte_of = {chr(b): b for b in keep}
    byte_of.update({chr(256 + n): b for n, b in enumerate(b for b in range(256) if b not in keep)})
    return {bytes(byte_of[c] for c in piece): rank for piece, rank in model["vocab"].items()}


def tiktoken_of(tokenizer, threads):
    import tiktoken
    encoding = tiktoken.Encoding("bpe", pat_str=GPT2, mergeable_ranks=ranks_of(tokenizer), special_tokens={})
    return lambda lines: encoding.encode_ordinary_batch(lines, num_threads=threads)


def gigatoken_of(path):
    import gigatoken
    tokenizer = gigatoken.Tokenizer(path)
    return lambda lines: tokenizer.encode_batch_list(lines)


def rs_bpe_of(tokenizer):
    # rs-bpe 0.1.0 has cl100k_base and o200k_base built in and no way to another vocabulary: its classes have no constructor, which is
    # what this call tells. The row stands here for a release that has one.
    from rs_bpe.bpe import openai
    encoding = openai.Tokenizer(ranks_of(tokenizer))
    return lambda lines: [encoding.encode(line) for line in lines]


def child(folder, threads):
    """Measures one pass of each Python contender whenever a line comes in."""
    from tokenizers import Tokenizer, __version__
    lines = open(os.path.join(folder, "text.txt"), encoding="utf-8").read().split("\n")[:-1]
    runs, expected, same = {}, {}, {}
    for name in ("byte_bpe", "wordpiece", "unigram"):
        tokenizer = Tokenizer.from_file(os.path.join(folder, f"{name}.json"))
        runs[f"{name}: tokenizers {__version__}"] = lambda l, t=tokenizer: t.encode_batch_fast(l, add_special_tokens=False)
        expected[name] = [e.ids for e in tokenizer.encode_batch_fast(lines, add_special_tokens=False)]
        if name == "byte_bpe":
            for other, make in (("tiktoken", lambda: tiktoken_of(tokenizer, threads)),
                                ("gigatoken", lambda: gigatoken_of(os.path.join(folder, "byte_bpe.json"))),
                                ("rs-bpe", lambda: rs_bpe_of(tokenizer))):
                try:
                    run = make()
                    ids = [list(i) for i in run(lines)]
                    same[f"byte_bpe: {other}"] = sum(a == b for a, b in zip(ids, expected[name]))
                    runs[f"byte_bpe: {other}"] = run
                except Exception as error:
                    print(f"# {other} left out: {error!r}", file=sys.stderr)
    print(json.dumps({"ids": expected, "same": same}), flush=True)
    for _ in sys.stdin:
        seconds = {}
        for name, run in runs.items():
            start = time.perf_counter()
            run(lines)
            seconds[name] = time.perf_counter() - start
        print(json.dumps(seconds), flush=True)


def main():
    with open(args.text, encoding="utf-8", newline="\n") as file:
        lines = [line.rstrip("\r\n") for _, line in zip(range(args.lines), file)]
    lines = [line for line in lines if line.strip() and "\r" not in line]
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "text.txt")
        open(path, "w", encoding="utf-8", newline="\n").write("".join(line + "\n" for line in lines))
        size = os.path.getsize(path) / 1e6
        names = []
        for name, tokenizer, trainer in train(lines):
            tokenizer.train_from_iterator(lines, trainer)
            tokenizer.save(os.path.join(folder, f"{name}.json"))
            names.append(name)
        print(f"{os.path.basename(args.text)}: {len(lines)} lines, {size:.1f} MB, vocabularies of {args.vocab}")
        for threads in map(int, args.threads.split(",")):
            measure(folder, path, names, size, len(lines), threads)


def measure(folder, path, names, size, count, threads):
    environment = dict(os.environ, RAYON_NUM_THREADS=str(threads), TOKENIZERS_PARALLELISM="true" if threads > 1 else "false")
    code = [sys.executable, os.path.abspath(__file__), args.text, "--threads", str(threads)]
    python = subprocess.Popen(code, env=dict(environment, TASNIF_CHILD=folder), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    first = json.loads(python.stdout.readline())
    same = first["same"]
    for name in names:
        encoded = subprocess.run([args.tasnif, "tokenizer", "encode", os.path.join(folder, f"{name}.json"), path, "--ids-only"],
                                 capture_output=True, check=True).stdout.decode().splitlines()
        same[f"{name}: tasnif"] = sum(json.loads(a)["ids"] == b for a, b in zip(encoded, first["ids"][name]))
    seconds = {}
    for _ in range(args.rounds):
        python.stdin.write("go\n")
        python.stdin.flush()
        for name, one in json.loads(python.stdout.readline()).items():
            seconds.setdefault(name, []).append(size / one)
        options = [part for name in names for part in ("--tokenizer", os.path.join(folder, f"{name}.json"))]
        report = json.loads(subprocess.run(
            [args.tasnif, "bench", path, "--sample", "all", "--threads", str(threads), "--format", "json", "--quiet", *options],
            capture_output=True, check=True).stdout)
        for name, row in zip(names, report["rows"]):
            seconds.setdefault(f"{name}: tasnif", []).append(row["mb_per_s"])
    python.stdin.close()
    python.wait()
    print(f"\n| {threads} thread{'s' * (threads > 1)} | MB/s | lowest–highest | against Python | the same ids |\n|---|---:|---:|---:|---:|")
    for name in sorted(seconds):
        base = next(k for k in seconds if k.startswith(name.split(":")[0] + ": tokenizers"))
        ratio = statistics.median(seconds[name]) / statistics.median(seconds[base])
        shown = f"{same[name]} of {count}" if name in same else "-"
        print(f"| {name} | {statistics.median(seconds[name]):.1f} | {min(seconds[name]):.1f}–{max(seconds[name]):.1f} | {ratio:.1f} | {shown} |",
              flush=True)


if "TASNIF_CHILD" in os.environ:
    child(os.environ["TASNIF_CHILD"], int(args.threads))
else:
    main()
