#!/usr/bin/env bash
# Fuzzes untrusted input: bundle manifests, components, answers of plugins. The first crash ends it.
#
#   tests/fuzz/run.sh [seconds per target, default 60]
#
# Interesting inputs stay in tests/fuzz/corpus, where the next call starts.
set -euo pipefail
cd "$(dirname "$0")/../.."

seconds="${1:-60}"
if ! cargo fuzz --version >/dev/null 2>&1; then
    cargo install --locked cargo-fuzz@0.13.2
fi

corpus=tests/fuzz/corpus
mkdir -p "$corpus"/{bundle_manifest,component_loading,result_conversion}
cp examples/judge-in-c/tpo-plugin.toml "$corpus/bundle_manifest/"
KEEP_GUESTS="$PWD/$corpus/component_loading" cargo test --release --workspace --test hostile

cd tests/fuzz
# The project's toolchain, with nightly coverage flags allowed. The memory limit leaves room for the guests and the engine.
export RUSTC_BOOTSTRAP=1
for target in bundle_manifest component_loading result_conversion; do
    cargo fuzz run --fuzz-dir . --sanitizer none "$target" -- \
        -max_total_time="$seconds" -timeout=30 -rss_limit_mb=6000 -max_len=65536 -print_final_stats=1
done
