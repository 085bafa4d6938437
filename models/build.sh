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
cargo run --release --quiet --no-default-features -- train data/written-*.jsonl "$@" \
    --config models/default.toml --group-field group,doc --output "$output"
