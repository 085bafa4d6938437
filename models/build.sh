#!/bin/sh
# Builds models/default.tasnif by models/default.toml: the same bytes on every run.
#
#   models/build.sh                           from data/ alone
#   models/build.sh OUTPUT                    the same, to another file
#   models/build.sh OUTPUT EXTRA.jsonl        from data/ and more labelled sentences, which are not part of this project
set -eu
cd "$(dirname "$0")/.."
output=${1:-models/default.tasnif}
[ $# -gt 0 ] && shift
# Labels that a reader was not sure of count half. How sure scores may be is for real sentences to say, where there are any: those
# of data/, which have a voice, are easier.
[ $# -gt 0 ] && set -- "$@" --record-weight sure=false:0.5 --calibration-weight 'voice=*:0'
whole=$(mktemp)
trap 'rm -f "$whole"' EXIT
tasnif() { cargo run --release --quiet --no-default-features -- "$@"; }
tasnif train data/written-*.jsonl "$@" --config models/default.toml --group-field group,doc --output "$whole"
tasnif shrink "$whole" --max-size 4MB --quiet --output "$output"
