"""Writes `statistics.json`: what scipy, statsmodels, scikit-learn and alpaca_eval say about the numbers of `tpo-eval`.

    python tests/golden/make_statistics.py               # writes beside this script
    python tests/golden/make_statistics.py --out DIR     # writes DIR, to compare with what is committed

`alpaca_annotations.json` holds three recorded sets of AlpacaEval 2. The package takes instruction difficulties and anchors
from a file that it downloads; here both are stand-ins, made from a seed and stored with the results.
"""

import argparse
import json
import math
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import statsmodels.api as sm
from alpaca_eval.metrics import glm_winrate, winrate
from golden_files import made_with, write_json
from scipy import integrate, optimize, stats
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

HERE = Path(__file__).resolve().parent
SEED = 20251122
DECIMALS = 10
# Pseudo-outcomes at either end in the interval of a bounded outcome with at least thirty units.
PSEUDO = 0.6


def plain(value):
    """Rounded floats for JSON, NaN and infinities as null."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, np.ndarray, pd.Series)):
        return [plain(item) for item in value]
    if isinstance(value, (bool, str)) or value is None:
        return value
    if isinstance(value, (int, np.integer)):
        return int(value)
    number = float(value)
    return round(number, DECIMALS) + 0.0 if math.isfinite(number) else None


def values(chance, n, kind):
    if kind == "normal":
        return np.round(chance.normal(0.1, 1.0, n), 4)
    if kind == "ties":
        return chance.choice([-1.0, 0.0, 1.0], n, p=[0.15, 0.6, 0.25])
    return np.round(chance.exponential(1.0, n) - 0.8, 4)


def means(chance):
    rows = []
    for n in (2, 3, 5, 12, 40, 300, 4000):
        for kind in ("normal", "ties", "skewed"):
            x = values(chance, n, kind)
            if np.ptp(x) == 0:
                continue
            test = stats.ttest_1samp(x, 0.0)
            low, high = test.confidence_interval()
            rows.append({"x": x, "mean": x.mean(), "se": stats.sem(x), "p": test.pvalue, "low": low, "high": high})
    return rows


def sign_flips(chance):
    rows = []
    for n in (2, 3, 5, 8, 11):
        for kind in ("normal", "ties", "skewed"):
            x = values(chance, n, kind)
            test = stats.permutation_test((x,), np.mean, permutation_type="samples", n_resamples=np.inf)
            rows.append({"x": x, "p": test.pvalue})
    return rows


def clusters(chance):
    rows = []
    for count in (2, 5, 20, 100):
        sizes = chance.integers(1, 6, count)
        groups = [np.round(chance.normal() + chance.normal(size=size), 4) for size in sizes]
        names = np.repeat(np.arange(count), sizes)
        x = np.concatenate(groups)
        fit = sm.OLS(x, np.ones(len(x))).fit(cov_type="cluster", cov_kwds={"groups": names})
        rows.append({"clusters": groups, "mean": fit.params[0], "se": fit.bse[0]})
    return rows


def proportions():
    rows = []
    for won, n in ((0, 1), (1, 1), (1, 2), (0, 5), (5, 5), (3, 5), (2, 12), (28, 29), (0, 30), (11, 30), (29, 30), (523, 805)):
        balanced = [stats.beta.ppf(q, won + PSEUDO, n - won + PSEUDO) for q in (0.025, 0.975)]
        row = {"won": won, "n": n, "wilson": proportion_confint(won, n, method="wilson")}
        row["clopper_pearson"] = proportion_confint(won, n, method="beta")
        row["balanced"] = [0.0 if won == 0 else balanced[0], 1.0 if won == n else balanced[1]]
        rows.append(row)
    return rows


def discordant():
    rows = []
    for b, c in ((5, 15), (10, 2), (40, 25), (0, 7), (1, 0), (120, 90), (12, 13)):
        table = [[10, b], [c, 20]]
        exact = mcnemar(table, exact=True).pvalue
        chi, corrected = (mcnemar(table, exact=False, correction=correct) for correct in (False, True))
        row = {"b": b, "c": c, "exact": exact, "mid_p": exact - stats.binom.pmf(min(b, c), b + c, 0.5)}
        row |= {"chi": chi.statistic, "chi_p": chi.pvalue, "corrected": corrected.statistic, "corrected_p": corrected.pvalue}
        rows.append(row)
    return rows


def adjusted(chance):
    rows = []
    for n in (1, 2, 5, 24):
        p = np.round(chance.random(n) ** 3, 5)
        row = {"p": p}
        for name, method in (("holm", "holm"), ("bonferroni", "bonferroni"), ("bh", "fdr_bh")):
            row[name] = multipletests(p, method=method)[1]
        rows.append(row)
    return rows


def correlations(chance):
    rows = []
    for n in (4, 9, 60):
        for whole in (False, True):
            x = chance.normal(size=n)
            y = 0.6 * x + chance.normal(size=n)
            x, y = (np.round(2 * x), np.round(2 * y)) if whole else (np.round(x, 4), np.round(y, 4))
            r = stats.pearsonr(x, y)
            low, high = r.confidence_interval()
            row = {"x": x, "y": y, "r": r.statistic, "low": low, "high": high}
            row |= {"slope": stats.linregress(x, y).slope, "spearman": stats.spearmanr(x, y).statistic}
            rows.append(row)
    return rows


def kappas(chance):
    rows = []
    for n, labels in ((10, 2), (50, 3), (200, 5)):
        a = chance.integers(0, labels, n)
        b = np.where(chance.random(n) < 0.6, a, chance.integers(0, labels, n))
        rows.append({"a": a, "b": b, "kappa": cohen_kappa_score(a, b)})
    return rows


def expected_maxima():
    def density(x, k):
        return x * k * stats.norm.pdf(x) * stats.norm.cdf(x) ** (k - 1)

    return [{"k": k, "value": integrate.quad(density, -12, 12, args=(k,), epsabs=1e-12)[0]} for k in (1, 2, 5, 10, 100)]


def dirichlet_quantiles(chance):
    """The guaranteed interval of a few outcomes, by drawing the weights: exact to about 1e-3."""
    rows = []
    for x in ([0.5, 0.5, 1.0, 0.0, 0.5], [1.0, 0.5, 1.0, 1.0], [0.25, 0.75, 1.0, 0.5, 0.5, 0.0, 1.0]):
        weights = chance.dirichlet(np.ones(len(x) + 1), 4_000_000)
        low = np.quantile(weights @ np.array([*x, 0.0]), 0.025)
        high = np.quantile(weights @ np.array([*x, 1.0]), 0.975)
        rows.append({"x": x, "low": low, "high": high})
    return rows


def raw_edges():
    """Preferences that the package drops, turns or rounds."""
    nan = float("nan")
    cases = [
        [1.0], [2.0, 2.0, 2.0], [1.5, 1.5], [1.0, 2.0], [nan, 1.2, 1.8], [0.0, 1.0, 2.0, 1.5], [1.4999, 1.5001, 1.5],
        [0.4, 0.6, 2.4, 2.6, 3.0, -1.0, 1.3], [nan, 1.0, 2.0, 0.0, 1.5, 1.7, 2.2], [2.5, 1.1, 1.9, 0.5],
    ]  # fmt: skip
    return [{"preference": case, **winrate.get_winrate(pd.DataFrame({"preference": case}))} for case in cases]


def stand_ins(sets, chance):
    """Difficulties as the log-odds of winning in the recorded sets, and anchors that lose or win by their length."""
    won = np.mean([np.array(one["preference"]) - 1 for one in sets.values()], axis=0).clip(0.02, 0.98)
    difficulty = np.round(0.5 * np.log(won / (1 - won)) + 0.5 * chance.normal(size=len(won)), 4)
    anchors = []
    for sign in (1.0, -1.0):
        scaled = np.round(sign * chance.gamma(4.0, 0.25, len(won)), 4)
        outcome = np.round(1 / (1 + np.exp(1.2 * np.tanh(scaled) - 0.3 * difficulty + 0.5 * chance.normal(size=len(won)))), 4)
        anchors.append(pd.DataFrame({
            "model": "anchor", "index": range(len(won)), "preference": outcome, "std_delta_len": scaled,
            "instruction_difficulty": difficulty, "not_gamed_baseline": False,
        }))  # fmt: skip
    return difficulty, pd.concat(anchors)


def vector_of_the_reference():
    """The twelve instructions of evaluation.md 1.4."""
    preference = [1.98, 1.35, 1.80, 1.10, 1.62, 1.05, 1.91, 1.50, 1.27, 1.73, 1.44, 1.88]
    len_1 = [900, 1200, 700, 1500, 1000, 1800, 650, 1100, 1300, 950, 1250, 800]
    len_2 = [1400, 1000, 1300, 900, 1600, 1100, 1200, 1100, 1000, 1500, 1150, 1250]
    difficulty = np.array([0.8, -0.4, 1.1, -1.3, 0.2, -0.9, 1.5, 0, -0.6, 0.5, -0.2, 0.9])
    concise = [0.9, 0.7, 1.1, 0.8, 1.3, 0.6, 0.9, 1.0, 0.8, 1.2, 0.7, 1.0]
    verbose = [-0.6, -0.5, -0.9, -0.4, -0.8, -0.3, -0.7, -0.6, -0.5, -0.9, -0.4, -0.7]
    wins = [0.25, 0.20, 0.30, 0.15, 0.22, 0.35, 0.28, 0.24, 0.18, 0.26, 0.31, 0.27]
    more = [0.66, 0.60, 0.72, 0.58, 0.64, 0.55, 0.70, 0.62, 0.57, 0.68, 0.59, 0.65]
    anchors = pd.DataFrame({
        "model": "anchor", "index": [*range(12), *range(12)], "preference": wins + more, "std_delta_len": concise + verbose,
        "instruction_difficulty": [*difficulty, *difficulty], "not_gamed_baseline": False,
    })  # fmt: skip
    return {"preference": preference, "len_1": len_1, "len_2": len_2}, difficulty, anchors


def unpenalized(one, difficulty, anchors, variant):
    """Weights and length-controlled win rate by statsmodels, without a penalty."""
    delta = pd.Series(np.array(one["len_1"]) - np.array(one["len_2"]), dtype=float)
    y = pd.Series(one["preference"], dtype=float) - 1
    known = y.notna()
    columns = [np.tanh(delta / delta.std()), difficulty, np.ones(len(y))]
    plain_columns = [np.zeros(len(y)), difficulty, np.ones(len(y))]
    kept = [0, 2] if variant == "minimal" else [0, 1, 2]
    x, x0 = (np.column_stack([column[k] for k in kept]) for column in (columns, plain_columns))
    x, target, weight = x[known], y[known].to_numpy(), np.ones(known.sum())
    if variant == "v1":
        scaled = np.tanh(anchors["std_delta_len"].to_numpy())
        own = np.column_stack([scaled, anchors["instruction_difficulty"], np.zeros(len(anchors))])
        x, target = np.vstack([own, x]), np.concatenate([anchors["preference"], target])
        weight = np.concatenate([np.full(len(anchors), 0.1), weight])
    model = sm.GLM(target, x, family=sm.families.Binomial(), var_weights=weight)
    weights = model.fit(maxiter=200, tol=1e-15).params
    return {"weights": weights, "lc": 100 * (1 / (1 + np.exp(-(x0 @ weights)))).mean()}


def length_control(name, one, difficulty, anchors, directory):
    """What the package says, with its download replaced by the stand-ins, and what statsmodels says."""
    anchors.to_csv(directory / "df_gamed.csv", index=False)
    glm_winrate.hf_hub_download = lambda **_: directory / "df_gamed.csv"
    frame = pd.DataFrame({
        "preference": one["preference"], "index": range(len(one["preference"])), "annotator": "judge",
        "output_1": ["x" * n for n in one["len_1"]], "output_2": ["x" * n for n in one["len_2"]],
        "generator_1": "baseline", "generator_2": "model",
    })  # fmt: skip
    row = {"name": name, "raw": winrate.get_winrate(frame), "package": {}, "unpenalized": {}}
    for variant in ("minimal", "noreg", "v1"):
        found = glm_winrate.get_length_controlled_winrate(
            frame.copy(), glm_name=f"length_controlled_{variant}", save_weights_dir=None, is_add_glm_preference_inplace=False
        )
        row["package"][variant] = {key: found[key] for key in ("length_controlled_winrate", "lc_standard_error")}
        row["unpenalized"][variant] = unpenalized(one, difficulty, anchors, variant)
    return row


def stored_anchors(anchors):
    return {
        "scaled_difference": anchors["std_delta_len"], "difficulty": anchors["instruction_difficulty"],
        "outcome": anchors["preference"],
    }  # fmt: skip


def alpaca(chance, directory):
    sets = json.loads((HERE / "alpaca_annotations.json").read_text(encoding="utf-8"))["sets"]
    difficulty, anchors = stand_ins(sets, chance)
    rows = [length_control(name, one, difficulty, anchors, directory) for name, one in sets.items()]
    # The first set with every twentieth verdict missing.
    name, one = next(iter(sets.items()))
    holes = [float("nan") if place % 20 == 7 else p for place, p in enumerate(one["preference"])]
    rows.append(length_control(f"{name}, with holes", one | {"preference": holes}, difficulty, anchors, directory))
    few, few_difficulty, few_anchors = vector_of_the_reference()
    return {
        "difficulty": difficulty, "anchors": stored_anchors(anchors), "recorded": rows,
        "vector": {
            **few, "difficulty": few_difficulty, "anchors": stored_anchors(few_anchors),
            **length_control("vector", few, few_difficulty, few_anchors, directory),
        },
    }  # fmt: skip


LABELS = ["A>>B", "A>B", "A=B", "B>A", "B>>A"]
SHARES = {"A>>B": (0.0, 3), "A>B": (0.0, 1), "A=B": (0.5, 1), "B>A": (1.0, 1), "B>>A": (1.0, 3)}


def arena(chance, n):
    """Random battles: the Bradley-Terry score by scipy, and the style-controlled one by statsmodels."""
    battles, features, shares, weights = [], [], [], []
    for _ in range(n):
        tokens = chance.integers(100, 900, 2)
        counts = chance.integers(0, 12, (2, 3))
        (m, b), density = tokens, counts / (tokens[:, None] + 1)
        style = [(m - b) / (m + b), *((density[0] - density[1]) / (density[0] + density[1] + 1))]
        lean = 1 / (1 + np.exp(-(0.3 + 1.5 * style[0])))
        odds = stats.binom.pmf(range(5), 4, lean)
        first, second = LABELS[chance.choice(5, p=odds)], LABELS[chance.choice(5, p=odds[::-1])]
        battles.append([first, second, *tokens.tolist(), *counts[0].tolist(), *counts[1].tolist()])
        for share, weight in (SHARES[first], (1 - SHARES[second][0], SHARES[second][1])):
            features.append(style)
            shares.append(share)
            weights.append(weight)
    features, shares, weights = np.array(features), np.array(shares), np.array(weights, dtype=float)

    def bradley_terry(gap):
        p = 1 / (1 + 10 ** (-gap / 400))
        return -(weights * (shares * np.log(p) + (1 - shares) * np.log(1 - p))).sum()

    gap = optimize.minimize_scalar(bradley_terry, bracket=(-100, 100), tol=1e-14).x
    copies = np.repeat(features, weights.astype(int), axis=0)
    center, scale = copies.mean(0), copies.std(0, ddof=1)
    row = {"battles": battles, "elo_difference": gap, "score": 100 / (1 + 10 ** (-gap / 400)), "style": {}}
    for name, kept in (("length", [0]), ("markdown", [1, 2, 3]), ("both", [0, 1, 2, 3])):
        x = sm.add_constant((features[:, kept] - center[kept]) / scale[kept])
        model = sm.GLM(shares, x, family=sm.families.Binomial(), var_weights=weights)
        fitted = model.fit(maxiter=200, tol=1e-15).params
        equal = fitted[0] - (fitted[1:] * center[kept] / scale[kept]).sum()
        points = [100 / (1 + np.exp(-logit)) for logit in (fitted[0], equal)]
        row["style"][name] = {"weights": fitted, "average": points[0], "equal": points[1]}
    return row


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=HERE)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)

    chance = np.random.default_rng(SEED)
    scratch = arguments.out / "scratch"
    scratch.mkdir(exist_ok=True)
    golden = {
        "made_with": made_with("alpaca_eval", "numpy", "pandas", "scikit-learn", "scipy", "statsmodels"),
        "seed": SEED,
        "means": means(chance),
        "sign_flips": sign_flips(chance),
        "clusters": clusters(chance),
        "proportions": proportions(),
        "dirichlet": dirichlet_quantiles(chance),
        "discordant": discordant(),
        "adjusted": adjusted(chance),
        "correlations": correlations(chance),
        "kappas": kappas(chance),
        "expected_maxima": expected_maxima(),
        "raw_edges": raw_edges(),
        "alpaca": alpaca(chance, scratch),
        "arena": [arena(chance, 12), arena(chance, 60)],
    }
    shutil.rmtree(scratch)
    write_json(arguments.out / "statistics.json", plain(golden))
    # A copy, so that what is compared is the whole directory.
    if arguments.out.resolve() != HERE:
        shutil.copy(HERE / "alpaca_annotations.json", arguments.out)


if __name__ == "__main__":
    main()
