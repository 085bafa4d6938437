#!/usr/bin/env bash
# compare.sh SHARED WORK [LINES [RUNS]] -- batch prediction beside other tools: whole processes, same text, same machine, one run.
#
# SHARED is a folder with benchmarks/ (agnews_part, fbtask_en, r8, mr, subj, arsarcasm2_sentiment: train.tsv and test.tsv, label, tab,
# text), text/corpus-ar.txt.zst and peers/ (sk_peers.py and its requirements.txt). WORK keeps texts, models and a Python
# environment from run to run. LINES records of about 120 bytes in each language [1000000], RUNS of each command [3], of which the
# median counts. TASNIF, FASTTEXT and VW name the programs [target/release/tasnif, fasttext, vw of the environment]; a peer that is
# missing is left out, and said so. scikit-learn labels LINES/10 records, its union LINES/50: what it needs for one record more is what counts.
set -euo pipefail
export LC_ALL=C.UTF-8

here=$(cd "$(dirname "$0")" && pwd)
if [ $# -lt 2 ]; then
    sed -n '2,9s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi
shared=$1 work=$2 lines=${3:-1000000} runs=${4:-3}
tasnif=${TASNIF:-$here/../target/release/tasnif}
fasttext=${FASTTEXT:-fasttext}
for part in benchmarks/agnews_part text/corpus-ar.txt.zst peers/sk_peers.py; do
    if [ ! -e "$shared/$part" ]; then
        echo "compare.sh: $shared/$part is missing: nothing is measured without it" >&2
        exit 0
    fi
done
[ -x "$tasnif" ] || { echo "compare.sh: no $tasnif: cargo build --release, or set TASNIF" >&2; exit 2; }
mkdir -p "$work"
shared=$(cd "$shared" && pwd) work=$(cd "$work" && pwd)

# The peers that come from PyPI, in an environment of their own.
if [ -z "${NO_PYTHON_PEERS:-}" ] && [ ! -e "$work/venv/ready" ]; then
    python3 -m venv "$work/venv"
    grep -E '^(scikit-learn|vowpalwabbit)==' "$shared/peers/requirements.txt" >"$work/requirements.txt"
    if "$work/venv/bin/pip" install --quiet -r "$work/requirements.txt"; then
        touch "$work/venv/ready"
    else
        echo "compare.sh: PyPI is out of reach: without scikit-learn and vw" >&2
    fi
fi
python=$work/venv/bin/python
vw=${VW:-$work/venv/bin/python -m vowpalwabbit}

# Texts: one record a line, cut at spaces; fastText and vw get theirs with punctuation apart, as their authors advise.
python3 "$here/compare.py" texts "$shared" "$work" "$lines"

run() { # NAME RECORDS ONE_RECORD_COMMAND ALL_RECORDS_COMMAND, each for bash -c
    python3 "$here/compare.py" run "$work/results.jsonl" "$runs" "$@"
}
score() { # NAME GOLD.tsv COMMAND that prints one label a line
    python3 "$here/compare.py" score "$work/results.jsonl" "$@"
}
once() { # FILE COMMAND...: makes what is not there yet
    local file=$1
    shift
    [ -e "$file" ] || "$@"
}

rm -f "$work/results.jsonl"
for language in en ar; do
    set_of=agnews_part
    [ $language = ar ] && set_of=arsarcasm2_sentiment
    data=$shared/benchmarks/$set_of
    w=$work/$language
    svm=(--classifier svm --calibration none --quiet)
    once "$w/word.tasnif" "$tasnif" train "$data/train.tsv" "${svm[@]}" --analyzer word --ngrams 1-2 --output "$w/word.tasnif"
    once "$w/union.tasnif" "$tasnif" train "$data/train.tsv" "${svm[@]}" --analyzer word+char_wb --ngrams 1-2,2-5 --output "$w/union.tasnif"
    once "$w/compact.tasnif" "$tasnif" shrink "$w/union.tasnif" "$data/test.tsv" --max-size "${COMPACT:-350kB}" --max-loss 100 --output "$w/compact.tasnif"
    for model in word union compact; do
        predict="$tasnif predict --quiet --model $w/$model.tasnif --input-format lines --output-format tsv"
        for threads in 1 2; do
            run "$language tasnif $model, $threads thread" "$lines" \
                "$predict --threads $threads --output $w/out $w/one.lines" "$predict --threads $threads --output $w/out $w/big.lines"
        done
        score "$language tasnif $model, 1 thread" "$data/test.tsv" "$tasnif predict --quiet --model $w/$model.tasnif --input-format tsv --output-format tsv $data/test.tsv"
    done

    if command -v "$fasttext" >/dev/null; then
        for kind in words chars; do
            options=(-dim 10 -wordNgrams 2 -lr 0.5 -epoch 25 -bucket 2000000 -thread 2 -verbose 0)
            [ $kind = chars ] && options+=(-minn 2 -maxn 5)
            once "$w/$kind.bin" "$fasttext" supervised -input "$w/train.ft" -output "$w/$kind" "${options[@]}"
            run "$language fastText $kind" "$lines" "$fasttext predict $w/$kind.bin $w/one.ft >$w/out" "$fasttext predict $w/$kind.bin $w/big.ft >$w/out"
            score "$language fastText $kind" "$data/test.tsv" "$fasttext predict $w/$kind.bin $w/test.ft"
        done
    else
        echo "compare.sh: no fastText (set FASTTEXT)" >&2
    fi
    if [ -e "$work/venv/ready" ]; then
        classes=$(cut -f1 "$data/train.tsv" | sort -u | wc -l)
        once "$w/vw.model" $vw -d "$w/train.vw" --oaa "$classes" --ngram 2 -b 22 --loss_function logistic --passes 10 --holdout_off -k -c --cache_file "$w/vw.cache" -f "$w/vw.model" --quiet
        run "$language vw words" "$lines" "$vw -t -d $w/one.vw -i $w/vw.model -p $w/out --quiet" "$vw -t -d $w/big.vw -i $w/vw.model -p $w/out --quiet"
        for peer in svc union; do
            [ $peer = union ] && some=$((lines / 50)) || some=$((lines / 10))
            once "$w/$peer.pickle" "$python" "$shared/peers/sk_peers.py" train $peer "$data/train.tsv" "$w/$peer.pickle"
            head -n "$some" "$w/big.lines" | sed 's/^/x\t/' >"$w/some.tsv"
            sk="$python $shared/peers/sk_peers.py predict $w/$peer.pickle"
            run "$language scikit-learn $peer" "$some" "$sk $w/one.tsv $w/out" "$sk $w/some.tsv $w/out"
            score "$language scikit-learn $peer" "$data/test.tsv" "$sk $data/test.tsv $w/labels >/dev/null && cat $w/labels"
        done
    fi
done
# Start-up with the model inside the binary: one short article.
printf 'أعلنت الوزارة رصد ستة خروقات للهدنة خلال يوم.\n' >"$work/article.txt"
run "start-up, embedded model" 1 "$tasnif predict --quiet $work/article.txt >$work/out" "$tasnif predict --quiet $work/article.txt >$work/out"
python3 "$here/compare.py" table "$work/results.jsonl" | tee "$work/results.md"
