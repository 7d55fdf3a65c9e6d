#!/usr/bin/env python3
"""Draws how the cost of sampling and training grows with the work, as `growth.svg` beside this file.

    cargo bench --workspace --bench growth > growth.jsonl
    docs/benchmarks/growth.py growth.jsonl

Seconds per unit of work: a flat line grows as the work does, a falling one has a fixed cost or shares something, and a
rising one would cost more than its work.
"""

import json
import sys
from pathlib import Path

import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot
from matplotlib.ticker import LogLocator


def main():
    rows = [json.loads(line) for line in Path(sys.argv[1]).read_text().splitlines() if line.startswith("{")]
    kinds = list(dict.fromkeys(row["what"] for row in rows))
    figure, panels = pyplot.subplots(1, len(kinds), figsize=(4 * len(kinds), 3.2), layout="constrained")
    for panel, kind in zip(panels, kinds):
        for threads in sorted({row["threads"] for row in rows}):
            of_line = [row for row in rows if (row["what"], row["threads"]) == (kind, threads)]
            sizes = [row["size"] for row in of_line]
            per_unit = [1000 * row["seconds"] / row["size"] for row in of_line]
            panel.plot(sizes, per_unit, marker="o", label=f"{threads} thread" + "s" * (threads > 1))
        panel.set(xlabel=kind, ylabel="ms per unit", xscale="log", yscale="log")
        panel.set_xticks(sizes, [str(size) for size in sizes])
        panel.minorticks_off()
        panel.yaxis.set_major_locator(LogLocator(subs=(1, 2, 3, 5)))
        panel.yaxis.set_major_formatter("{x:g}")
        panel.legend()
    figure.savefig(Path(__file__).with_name("growth.svg"), metadata={"Date": None})


if __name__ == "__main__":
    main()
