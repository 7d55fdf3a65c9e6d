"""Writes the golden numbers of the tiny models, made by torch, transformers and peft in float32 on the CPU.

For each family: logits, a DPO loss with the gradient of every parameter, the same loss through LoRA adapters and,
for the Llama model, ten optimizer steps. Also `paper.json`, small hand-checkable vectors of the method itself.

    python tests/golden/make_goldens.py               # writes beside this script
    python tests/golden/make_goldens.py --out DIR     # writes DIR, to compare with what is committed

The models must be there already: see make_models.py.
"""

import argparse
import zlib
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from golden_files import exact, floats, made_with, write_json
from make_models import SEEDS
from make_paper_vectors import paper_vectors
from peft import LoraConfig, get_peft_model, get_peft_model_state_dict
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, AutoTokenizer, get_cosine_schedule_with_warmup

HERE = Path(__file__).resolve().parent
MODELS = HERE.parent / "fixtures" / "models"
FAMILIES = {name.removeprefix("tiny-"): name for name in SEEDS}

BETA = 0.1
# Distance of each reference log-prob sum from the policy's. The first pair comes out right (positive margin) and the
# second wrong, so a swapped sign or a swapped side changes the accuracy.
REFERENCE_OFFSETS = [{"chosen": -3.5, "rejected": 2.25}, {"chosen": 1.75, "rejected": -6.5}]

# Each side is a list of texts, with 1 where the policy chose the tokens and 0 where the engine forced them.
PAIRS = [
    {
        "prompt": "Name three colors.",
        "chosen": [
            ("Here is my thought process: three will do.", 1),
            ("\nHere is my response:", 0),
            (" red, green and blue.<|im_end|>", 1),
        ],
        "rejected": [("Here is my thought process:", 0), (" many.\nHere is my response: the sea<|im_end|>", 1)],
    },
    {
        "prompt": "Write one sentence about the old clock, and say what time it is.",
        "chosen": [
            ("Here is my thought process: the clock is slow.\nHere is", 1),
            (" my response:", 0),
            (" It is ten.<|im_end|>", 1),
        ],
        "rejected": [
            ("Here is my thought process: there is a clock", 1),
            ("\nHere is my response:", 0),
            (" the old clock in the hall counts every minute, 1, 2, 3, and it is slow", 1),
            # A completion that ran out of tokens was cut by the engine, which then closed the turn.
            ("<|im_end|>", 0),
        ],
    },
]

LORA = {
    "r": 4,
    "lora_alpha": 8,
    "target_modules": ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"],
}


def load(name):
    # Eager attention is the formula itself; fused kernels may sum in another order.
    model = AutoModelForCausalLM.from_pretrained(MODELS / name, dtype=torch.float32, attn_implementation="eager").eval()
    # The padding token also ends a turn, and torch drops the gradient of a padding row: here it is trained.
    model.get_input_embeddings().padding_idx = None
    return model


def encode_pairs(tokenizer):
    """Token ids and loss masks of `PAIRS`. Pieces are encoded one by one, as an engine that forces tokens does."""
    pairs = []
    for texts in PAIRS:
        messages = [{"role": "user", "content": texts["prompt"]}]
        rendered = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        pair = {"prompt_ids": tokenizer.encode(rendered)}
        for side in ("chosen", "rejected"):
            ids, mask = [], []
            for text, counted in texts[side]:
                piece = tokenizer.encode(text)
                ids += piece
                mask += [counted] * len(piece)
            pair[f"{side}_ids"] = ids
            pair[f"{side}_mask"] = mask
        pairs.append(pair)
    return pairs


def completion_log_prob(model, prompt_ids, completion_ids, mask):
    """The summed log-probability of the completion tokens whose mask is 1, given everything before each."""
    ids = torch.tensor([prompt_ids + completion_ids])
    logits = model(ids).logits[0, len(prompt_ids) - 1 : -1]
    token_log_probs = logits.log_softmax(-1).gather(1, ids[0, len(prompt_ids) :, None])[:, 0]
    return (token_log_probs * torch.tensor(mask, dtype=torch.float32)).sum()


def policy_log_probs(model, pairs):
    """One sequence at a time: no padding, so padding cannot be part of the number. Shape (B, 2): chosen, rejected."""
    rows = []
    for pair in pairs:
        sides = [(pair[f"{side}_ids"], pair[f"{side}_mask"]) for side in ("chosen", "rejected")]
        rows.append(torch.stack([completion_log_prob(model, pair["prompt_ids"], ids, mask) for ids, mask in sides]))
    return torch.stack(rows)


def dpo_loss(log_probs, reference, label_smoothing):
    """Mean over pairs of the (conservative) DPO loss, with the metrics as TRL defines them. Inputs are (B, 2)."""
    rewards = BETA * (log_probs - reference)
    margins = rewards[:, 0] - rewards[:, 1]
    losses = -F.logsigmoid(margins) * (1 - label_smoothing) - F.logsigmoid(-margins) * label_smoothing
    metrics = {
        "rewards/chosen": exact(rewards[:, 0].mean()),
        "rewards/rejected": exact(rewards[:, 1].mean()),
        "rewards/margins": exact(margins.mean()),
        "rewards/accuracies": exact((margins > 0).float().mean()),
    }
    return losses.mean(), metrics


def by_side(values):
    return {"chosen": floats(values[:, 0]), "rejected": floats(values[:, 1])}


def global_norm(gradients):
    return torch.stack([gradient.double().norm() for gradient in gradients]).norm()


def logits_golden(model, tokenizer, tensors):
    text = (
        "<|im_start|>user\nWhere is the old clock?<|im_end|>\n<|im_start|>assistant\n"
        "Here is my thought process: the hall.\nHere is my response: in the hall"
    )
    ids = torch.tensor([tokenizer.encode(text)])
    with torch.no_grad():
        logits = model(ids).logits[0]
    tensors["logits"] = logits.clone()
    token_log_probs = logits[:-1].log_softmax(-1).gather(1, ids[0, 1:, None])[:, 0]
    return {"input_ids": ids[0].tolist(), "token_log_probs": floats(token_log_probs)}


def dpo_golden(model, pairs, reference, tensors):
    """Loss and metrics for two label smoothings. Gradients are stored for smoothing 0 only: the other ones are the
    same two per-pair gradients with the weights of `log_prob_gradients`, so their norm is enough to check."""
    cases = []
    for label_smoothing in (0.0, 0.1):
        model.zero_grad(set_to_none=True)
        log_probs = policy_log_probs(model, pairs)
        log_probs.retain_grad()
        loss, metrics = dpo_loss(log_probs, reference, label_smoothing)
        loss.backward()
        gradients = {name: parameter.grad.clone() for name, parameter in model.named_parameters()}
        if label_smoothing == 0.0:
            tensors.update({f"grad.{name}": gradient for name, gradient in gradients.items()})
        cases.append(
            {
                "label_smoothing": label_smoothing,
                "loss": exact(loss),
                "metrics": metrics,
                "log_prob_gradients": by_side(log_probs.grad),
                "grad_norm": exact(global_norm(gradients.values())),
            }
        )
    return {
        "beta": BETA,
        "pairs": pairs,
        "reference_log_probs": by_side(reference),
        "log_probs": by_side(log_probs),
        "cases": cases,
    }


def lora_golden(name, pairs, reference, tensors):
    model = get_peft_model(load(name), LoraConfig(**LORA, lora_dropout=0.0, bias="none", task_type="CAUSAL_LM")).eval()
    trainable = {n: p for n, p in model.named_parameters() if p.requires_grad}
    with torch.no_grad():
        for full_name, parameter in trainable.items():
            # peft starts B at zero, which would hide every gradient of A.
            seed = zlib.crc32(saved_name(full_name).encode())
            values = 0.2 * np.random.default_rng([21, seed]).standard_normal(parameter.shape)
            parameter.copy_(torch.from_numpy(values.astype(np.float32)))
    saved = get_peft_model_state_dict(model)
    assert set(saved) == {saved_name(full_name) for full_name in trainable}
    tensors.update({f"lora.{key}": value.detach().clone() for key, value in saved.items()})

    log_probs = policy_log_probs(model, pairs)
    loss, metrics = dpo_loss(log_probs, reference, 0.0)
    loss.backward()
    tensors.update({f"lora_grad.{saved_name(n)}": p.grad.clone() for n, p in trainable.items()})
    assert all(p.grad is None for p in model.parameters() if not p.requires_grad)
    return {
        "rank": LORA["r"],
        "alpha": LORA["lora_alpha"],
        "target_modules": LORA["target_modules"],
        "log_probs": by_side(log_probs),
        "loss": exact(loss),
        "metrics": metrics,
        "grad_norm": exact(global_norm(p.grad for p in trainable.values())),
    }


def saved_name(full_name):
    """The key of an adapter tensor in a saved adapter: the module path without the adapter's own name."""
    return full_name.replace(".default.", ".")


def adamw_golden(name, pairs, reference, tensors):
    settings = {
        "learning_rate": 1e-3,
        "betas": [0.9, 0.95],
        "epsilon": 1e-8,
        "weight_decay": 0.1,
        "max_grad_norm": 1.0,
        "warmup_steps": 3,
        "total_steps": 10,
    }
    model = load(name)
    decayed = [p for p in model.parameters() if p.ndim >= 2]
    plain = [p for p in model.parameters() if p.ndim < 2]
    optimizer = torch.optim.AdamW(
        [
            {"params": decayed, "weight_decay": settings["weight_decay"]},
            {"params": plain, "weight_decay": 0.0},
        ],
        lr=settings["learning_rate"],
        betas=tuple(settings["betas"]),
        eps=settings["epsilon"],
    )
    schedule = get_cosine_schedule_with_warmup(optimizer, settings["warmup_steps"], settings["total_steps"])
    steps = []
    for _ in range(settings["total_steps"]):
        optimizer.zero_grad()
        loss, _metrics = dpo_loss(policy_log_probs(model, pairs), reference, 0.0)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), settings["max_grad_norm"])
        steps.append(
            {"loss": exact(loss), "grad_norm": exact(norm), "learning_rate": schedule.get_last_lr()[0]}
        )
        optimizer.step()
        schedule.step()
    tensors.update({f"final.{n}": p.detach().clone() for n, p in model.named_parameters()})
    return {**settings, "steps": steps}


def write_family(family, name, out):
    tokenizer = AutoTokenizer.from_pretrained(MODELS / name)
    model = load(name)
    pairs = encode_pairs(tokenizer)
    with torch.no_grad():
        offsets = torch.tensor([[o["chosen"], o["rejected"]] for o in REFERENCE_OFFSETS])
        # Rounding makes the reference a fixed input, the same on every machine.
        reference = (policy_log_probs(model, pairs) + offsets).mul(4).round().div(4)
    tensors = {}
    golden = {
        "family": family,
        "model": name,
        "made_with": made_with("torch", "transformers", "peft"),
        "logits": logits_golden(model, tokenizer, tensors),
        "dpo": dpo_golden(model, pairs, reference, tensors),
        "lora": lora_golden(name, pairs, reference, tensors),
    }
    if family == "llama":
        golden["adamw"] = adamw_golden(name, pairs, reference, tensors)
    write_json(out / f"{family}.json", golden)
    save_file({key: value.contiguous() for key, value in sorted(tensors.items())}, out / f"{family}.safetensors")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=HERE)
    parser.add_argument("--only", nargs="+", choices=[*FAMILIES, "paper"], default=[*FAMILIES, "paper"])
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    for family in arguments.only:
        if family == "paper":
            write_json(arguments.out / "paper.json", paper_vectors())
        else:
            write_family(family, FAMILIES[family], arguments.out)


if __name__ == "__main__":
    main()
