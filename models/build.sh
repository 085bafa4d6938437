#!/bin/sh
# Builds models/default.tasnif from data/ by models/default.toml: the same bytes on every run.
# Another output can be named: models/build.sh OUTPUT
set -eu
cd "$(dirname "$0")/.."
cargo run --release --quiet --no-default-features -- train data/written-*.jsonl \
    --config models/default.toml --output "${1:-models/default.tasnif}"
