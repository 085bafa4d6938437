#!/usr/bin/env python3
"""english.py BENCHMARKS OUTPUT [MEGABYTES] -- joins the texts of public English sets to one file, a text a line.

BENCHMARKS is a folder with a folder for each of agnews_part, fbtask_en, r8, mr and subj, each with train.tsv and test.tsv (label,
tab, text). With MEGABYTES the lines are repeated, in the same order, until the file is that large: repetition flatters
caches, so say it beside the figures.
"""
import pathlib
import sys

SETS = ["agnews_part", "fbtask_en", "r8", "mr", "subj"]


def lines(folder):
    for name in SETS:
        for part in ("train.tsv", "test.tsv"):
            with open(folder / name / part, encoding="utf-8") as file:
                for number, line in enumerate(file, 1):
                    label, tab, text = line.rstrip("\r\n").partition("\t")
                    if not tab:
                        sys.exit(f"{folder / name / part}:{number}: no tab: a line is a label, a tab, a text")
                    if text.strip():
                        yield text


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    joined = "".join(text + "\n" for text in lines(pathlib.Path(sys.argv[1]))).encode()
    limit = int(float(sys.argv[3]) * 1e6) if len(sys.argv) == 4 else len(joined)
    output = pathlib.Path(sys.argv[2])
    temporary = output.with_name(output.name + ".part")
    written = 0
    with open(temporary, "wb") as file:
        while written < limit:
            part = joined[: limit - written]
            if len(part) < len(joined):
                part = part[: part.rfind(b"\n") + 1]
                limit = written + len(part)
            file.write(part)
            written += len(part)
    temporary.replace(output)
    print(f"{output}: {written / 1e6:.1f} MB, {written / max(len(joined), 1):.1f} times the text")


main()
