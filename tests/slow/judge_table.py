"""Prints the table of docs/judges.md: judges against labeled preferences, as Markdown.

    cargo build --release --workspace
    python3 tests/slow/judge_table.py ../shared/data/judge_meta

The judge that asks a model takes a quarter of an hour on two cores the first time; its replies are kept.
"""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TPO = ROOT / "target" / "release" / "tpo"
GUEST = ROOT / "tests" / "guests" / "longer-wins"
TARGET = ROOT / "target" / "guests-of-tests"

JUDGES = {
    "longer wins": ["--judge", TARGET / "wasm32-wasip2" / "release" / "longer_wins.wasm"],
    "`overlap`": ["--judge", "overlap", "--set", "judge.config.against=instruction"],
    "`self-taught`": [
        *("--judge", "self-taught", "--set", "judge.config.verdict=likelier"),
        *("--model", "judge=smollm2-135m"),
    ],
}
DATA = {"PandaLM": "pandalm_dev.jsonl", "LLMBar": "llmbar_dev.jsonl", "HHH": "hhh_dev.jsonl"}


def agreement(judge, data):
    """What `tpo judge agree` says."""
    command = [TPO, "judge", "agree", "--input", data, "--format", "json", "--quiet", *judge]
    done = subprocess.run([*map(str, command)], cwd=ROOT, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{command} ended with {done.returncode}\n{done.stderr}")
    return json.loads(done.stdout)["agreement"]


def rate(value):
    return f"{100 * value['mean']:.1f} ± {100 * value['half_width']:.1f}"


def main():
    directory = Path(sys.argv[1]).resolve()
    build = ["cargo", "build", "--release", "--target", "wasm32-wasip2", "--target-dir", TARGET]
    subprocess.run([*map(str, build)], cwd=GUEST, check=True)
    print("| pairs | judge | accuracy | length-balanced | prefers longer | ties | position bias |")
    print("|---|---|---|---|---|---|---|")
    for name, file in DATA.items():
        for judge, arguments in JUDGES.items():
            found = agreement(arguments, directory / file)
            comparisons = found.get("comparisons")
            first = f"{100 * comparisons['prefers_first']:.1f}" if comparisons else ""
            cells = [
                f"{name} ({found['rows']})",
                judge,
                rate(found["accuracy"]),
                rate(found["length_balanced"]),
                f"{100 * found['prefers_longer']['mean']:.1f}",
                f"{100 * found['tie_rate']:.1f}",
                first,
            ]
            print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
