"""Small vectors of the method itself, computed here from the formulas and compared with the numbers that were worked
out when the paper was read. `make_goldens.py` writes them to `paper.json`.
"""

import math

import numpy as np

EXPECTED = {
    "z_score_population": [-0.949693, 0.333422, -0.308135, 0.924406],
    "z_score_sample": [-0.822458, 0.288752, -0.266853, 0.800559],
    "bradley_terry": [0.756308, 0.0, -0.756308],
    "bradley_terry_prior": [0.749035, 0.0, -0.749035],
    "dpo": 0.403186,
    "irpo": 1.903186,
    "reward_head_gate": [0.300610, 0.332225, 0.367165],
    "reward_head_adjusted": [0.4, 0.0, 0.62],
    "reward_head_score": 0.347886,
}


def check(name, value):
    """Asserts agreement with the expected numbers, which have six decimals, and returns the value with twelve.

    Adding zero turns the negative zero that rounding can leave into a plain one.
    """
    np.testing.assert_allclose(value, EXPECTED[name], rtol=0, atol=6e-7, err_msg=name)
    return (np.round(value, 12) + 0.0).tolist()


def z_scores(values, ddof):
    values = np.array(values, dtype=float)
    return (values - values.mean()) / values.std(ddof=ddof)


def length_controlled(scores, lengths, rho, ddof):
    return z_scores(scores, ddof) - rho * z_scores(lengths, ddof)


def bradley_terry(votes, prior):
    """Newton's method for argmax sum_mn votes_mn log sigmoid(e_m - e_n) - prior/2 |e|^2, centered at zero.

    The pseudo-inverse leaves out the constant direction, which the likelihood does not see.
    """
    votes = np.array(votes, dtype=float)
    strengths = np.zeros(len(votes))
    for _ in range(50):
        loses = 1.0 / (1.0 + np.exp(strengths[:, None] - strengths[None, :]))
        pull = votes * loses
        gradient = pull.sum(1) - pull.sum(0) - prior * strengths
        weight = (votes + votes.T) * loses * (1.0 - loses)
        curvature = np.diag(weight.sum(1)) - weight + prior * np.eye(len(votes))
        strengths = strengths + np.linalg.pinv(curvature) @ gradient
    assert np.abs(gradient).max() < 1e-12
    return strengths - strengths.mean()


def paper_vectors():
    return {
        "length_control": length_control_vectors(),
        "bradley_terry": bradley_terry_vectors(),
        "dpo": loss_vectors(),
        "reward_head": reward_head_vectors(),
    }


def length_control_vectors():
    scores, lengths = [0.10, 0.14, 0.12, 0.16], [1000, 2000, 1500, 2600]
    picks = []
    for rho in (0.0, 0.3, 1.0, 1.2):
        adjusted = length_controlled(scores, lengths, rho, ddof=0)
        picks.append({"rho": rho, "chosen": int(adjusted.argmax()), "rejected": int(adjusted.argmin())})
    assert [(p["chosen"], p["rejected"]) for p in picks if p["rho"] != 0.3] == [(3, 0), (1, 3), (0, 3)]
    return {
        "scores": scores,
        "lengths": lengths,
        "rho": 0.3,
        "population": check("z_score_population", length_controlled(scores, lengths, 0.3, ddof=0)),
        "sample": check("z_score_sample", length_controlled(scores, lengths, 0.3, ddof=1)),
        "picks": picks,
    }


def bradley_terry_vectors():
    votes = [[0, 2, 1], [0, 0, 2], [1, 0, 0]]
    return {
        "votes": votes,
        "cases": [
            {"prior": 0.0, "strengths": check("bradley_terry", bradley_terry(votes, 0.0))},
            {"prior": 0.01, "strengths": check("bradley_terry_prior", bradley_terry(votes, 0.01))},
        ],
    }


def loss_vectors():
    beta, chosen, rejected, reference_chosen, reference_rejected = 0.1, -120.0, -150.0, -125.0, -148.0
    alpha, chosen_tokens = 1.0, 80
    margin = beta * ((chosen - reference_chosen) - (rejected - reference_rejected))
    loss = math.log1p(math.exp(-margin))
    return {
        "beta": beta,
        "log_prob_chosen": chosen,
        "log_prob_rejected": rejected,
        "reference_log_prob_chosen": reference_chosen,
        "reference_log_prob_rejected": reference_rejected,
        "loss": check("dpo", loss),
        "nll_alpha": alpha,
        "chosen_tokens": chosen_tokens,
        "loss_with_nll": check("irpo", loss - alpha * chosen / chosen_tokens),
    }


def reward_head_vectors():
    """The shape of ArmoRM's head: objectives with their share of verbosity taken out, mixed by a gate."""
    rewards, penalties, gate_logits = np.array([0.6, 0.4, 0.7]), np.array([0.5, 1.0, 0.2]), np.array([1.0, 2.0, 3.0])
    verbosity, temperature = 1, 10.0
    gate = np.exp(gate_logits / temperature)
    gate = gate / gate.sum()
    adjusted = rewards - penalties * rewards[verbosity]
    return {
        "rewards": rewards.tolist(),
        "verbosity_index": verbosity,
        "penalties": penalties.tolist(),
        "gate_logits": gate_logits.tolist(),
        "temperature": temperature,
        "gate": check("reward_head_gate", gate),
        "adjusted": check("reward_head_adjusted", adjusted),
        "score": check("reward_head_score", gate @ adjusted),
    }
