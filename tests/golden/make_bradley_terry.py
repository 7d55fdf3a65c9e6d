"""Writes `bradley_terry.json`: the strengths of 1000 random battle matrices, found by scipy.

The engine climbs with damped Newton steps. Here quasi-Newton methods descend the cost as the paper writes it down, and what
they find is compared with it: no strength may move by 1e-5 in either direction and do better.

    python tests/golden/make_bradley_terry.py               # writes beside this script
    python tests/golden/make_bradley_terry.py --out DIR     # writes DIR, to compare with what is committed

`battles` has a row per matrix by the kind of judge that voted: the votes of each candidate over each, row by row, as digits,
and then the candidates' strengths.
"""

import argparse
import random
from pathlib import Path

import numpy as np
from golden_files import made_with, write_json
from scipy.optimize import minimize, root
from scipy.special import expit, log_expit

HERE = Path(__file__).resolve().parent
SEED = 20241015
PRIOR = 0.01
SIZES = range(2, 9)
DECIMALS = 9


def verdicts(size, verdict):
    """Votes of a judge that is asked about every two candidates in both orders.

    `verdict(first, second)` is the one that it prefers, or None for a tie.
    """
    votes = np.zeros((size, size), dtype=int)
    for first in range(size):
        for second in range(size):
            winner = None if first == second else verdict(first, second)
            if winner is not None:
                votes[winner, first + second - winner] += 1
    return votes


def better(merits, first, second):
    return first if merits[first] > merits[second] else second


def consistent(size, chance):
    merits = [chance.random() for _ in range(size)]
    return verdicts(size, lambda first, second: better(merits, first, second))


def noisy(size, chance):
    merits, noise, ties = [chance.random() for _ in range(size)], chance.uniform(0.05, 0.5), chance.uniform(0.0, 0.4)

    def verdict(first, second):
        if chance.random() < ties:
            return None
        winner = better(merits, first, second)
        return first + second - winner if chance.random() < noise else winner

    return verdicts(size, verdict)


def ties(size, chance):
    return verdicts(size, lambda first, second: None)


def first_shown(size, chance):
    return verdicts(size, lambda first, second: first)


def mostly_first_shown(size, chance):
    merits, lean = [chance.random() for _ in range(size)], chance.uniform(0.3, 0.95)
    return verdicts(size, lambda first, second: first if chance.random() < lean else better(merits, first, second))


def groups(size, chance):
    """Candidates of two groups are never told apart."""
    votes = noisy(size, chance)
    group = np.array([chance.randrange(2) for _ in range(size)])
    return votes * (group[:, None] == group[None, :])


def unbeaten(size, chance):
    votes = noisy(size, chance)
    best = chance.randrange(size)
    votes[:, best], votes[best, :] = 0, 2
    votes[best, best] = 0
    return votes


def any_votes(size, chance):
    votes = np.array([[chance.randrange(3) for _ in range(size)] for _ in range(size)])
    np.fill_diagonal(votes, 0)
    return votes


# The two that leave nothing to chance have one matrix of each size, and come first because no matrix comes twice.
COUNTS = {
    ties: len(SIZES),
    first_shown: len(SIZES),
    consistent: 140,
    noisy: 296,
    mostly_first_shown: 140,
    groups: 140,
    unbeaten: 140,
    any_votes: 130,
}


def cost(strengths, votes):
    """prior/2 |e|^2 - sum_mn votes_mn log sigmoid(e_m - e_n)"""
    gaps = strengths[:, None] - strengths[None, :]
    return PRIOR / 2 * strengths @ strengths - (votes * log_expit(gaps)).sum()


def slope(strengths, votes):
    pulls = votes * expit(strengths[None, :] - strengths[:, None])
    return PRIOR * strengths - pulls.sum(1) + pulls.sum(0)


def strengths_of(votes):
    """BFGS comes near the lowest cost, where rounding hides the last steps down; Powell's hybrid method ends where the
    slope is zero. Neither is told a second derivative.
    """
    near = minimize(cost, np.zeros(len(votes)), args=(votes,), method="BFGS", jac=slope, options={"gtol": 1e-6}).x
    found = root(slope, near, args=(votes,), method="hybr", options={"xtol": 1e-14}).x
    # The prior bends the cost by at least itself, so this bounds the error of every strength by 1e-9.
    assert np.linalg.norm(slope(found, votes)) < PRIOR * 1e-9
    assert abs(found.sum()) < 1e-9
    lowest = cost(found, votes)
    for nudge in np.concatenate([np.eye(len(votes)), -np.eye(len(votes))]) * 1e-5:
        assert cost(found + nudge, votes) > lowest
    return found


def new_votes(judge, chance, seen):
    """Few candidates can be voted on in few ways, so the size is drawn until the votes are new."""
    while True:
        votes = judge(chance.choice(SIZES), chance)
        if votes.tobytes() not in seen:
            seen.add(votes.tobytes())
            return votes


def row(votes):
    # Adding zero turns the negative zero that rounding can leave into a plain one.
    strengths = np.round(strengths_of(votes), DECIMALS) + 0.0
    return ["".join(map(str, votes.flatten())), *strengths.tolist()]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=HERE)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)

    chance, seen, battles = random.Random(SEED), set(), {}
    for judge, count in COUNTS.items():
        battles[judge.__name__] = [row(new_votes(judge, chance, seen)) for _ in range(count)]
    golden = {"made_with": made_with("numpy", "scipy"), "seed": SEED, "prior": PRIOR, "battles": battles}
    write_json(arguments.out / "bradley_terry.json", golden)


if __name__ == "__main__":
    main()
