"""Writes a tiny random checkpoint with ArmoRM's tensors, and what PyTorch makes of it: `armo.json`.

The checkpoint has the names and the configuration of the published one (arXiv 2406.12845) over two tiny Llama layers.
The golden numbers come from transformers' decoder and heads that are written out here from the saved tensors, twice:
response by response without padding, and all responses in one batch that is padded on the right.

    python tests/golden/make_armo.py                          # writes tests/fixtures/models and beside this script
    python tests/golden/make_armo.py --models DIR --out DIR   # writes DIR, to compare with what is committed
"""

import argparse
import json
import re
from pathlib import Path

import numpy as np
import torch
from golden_files import exact, floats, made_with, write_json
from make_models import TRAINING_TEXT, VOCAB_SIZE, fill_randomly, train_bpe
from safetensors.torch import load_file, save_file
from tokenizers import Regex, Tokenizer, models, pre_tokenizers, processors
from transformers import AutoTokenizer, LlamaConfig, LlamaModel, PreTrainedTokenizerFast

HERE = Path(__file__).resolve().parent
NAME = "tiny-armo"
SEED = 15

# In the order of the heads, by the names of the model card.
OBJECTIVES = [
    "helpsteer-helpfulness",
    "helpsteer-correctness",
    "helpsteer-coherence",
    "helpsteer-complexity",
    "helpsteer-verbosity",
    "ultrafeedback-overall_score",
    "ultrafeedback-instruction_following",
    "ultrafeedback-truthfulness",
    "ultrafeedback-honesty",
    "ultrafeedback-helpfulness",
    "beavertails-is_safe",
    "prometheus-score",
    "argilla-overall_quality",
    "argilla-judge_lm",
    "code-complexity",
    "code-style",
    "code-explanation",
    "code-instruction-following",
    "code-readability",
]
NUM_OBJECTIVES = len(OBJECTIVES)
VERBOSITY = OBJECTIVES.index("helpsteer-verbosity")
GATING_LAYERS = 4
GATING_HIDDEN = 32
TEMPERATURE = 10.0
# What is published has 1; another number shows whether it is used.
LOGIT_SCALE = 1.25

SPECIAL_TOKENS = [
    "<|begin_of_text|>",
    "<|end_of_text|>",
    "<|start_header_id|>",
    "<|end_header_id|>",
    "<|eot_id|>",
    "[PAD]",
]
# How Llama 3 cuts text before it merges. Line breaks stay together with the white space before them, so a response that
# begins with one changes the token between the header and itself.
LLAMA3_PIECES = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
    r"|\s+(?!\S)|\s+"
)
# The form of Llama 3's template, without its trimming of contents: that would hide whether a response's leading line
# breaks are taken away before.
CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{% if loop.index0 == 0 %}{{ bos_token }}{% endif %}"
    "{{ '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' + message['content'] + '<|eot_id|>' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}"
)
GATE_PATTERN = "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"

INSTRUCTIONS = [
    # Shorter than what is worth sharing.
    ("short", [("user", "Hi")], ["Hello.", "Hi! How are you?"]),
    (
        "single-turn",
        [("user", "Name three colors of the rainbow.")],
        ["Red, green and blue are three colors of the rainbow.", "The sea.", "red\ngreen\n\nblue\n"],
    ),
    (
        "system",
        [("system", "Be brief and polite."), ("user", "What is the capital of France?")],
        ["The capital of France is Paris, a city on the river Seine.", "Paris."],
    ),
    # The gate's tokens stand here more than once: the last ones count.
    (
        "multi-turn",
        [
            ("user", "Name a large animal."),
            ("assistant", "The blue whale."),
            ("user", "Tell me three facts about it."),
        ],
        ["It is long, it is heavy, and it eats small things.", "No.", "1. It swims.\n2. It sings.\n3. It is blue."],
    ),
    (
        "system-and-turns",
        [
            ("system", "You are a careful teacher."),
            ("user", "Add 2 and 3."),
            ("assistant", "5"),
            ("user", "And 10 and 25?"),
            ("assistant", "35"),
            ("user", "Say it in words."),
        ],
        ["thirty-five", "Thirty five, because ten and twenty-five are thirty-five."],
    ),
    (
        "leading-line-breaks",
        [("user", "Write a sentence about the sea.")],
        ["\nThe sea was gray in the morning.", "\n\n\nThe sea was green.", " \n\t\r\n  Gray, then green."],
    ),
    ("nearly-empty", [("user", "Say as little as you can.")], ["", " ", ".", "\n\n"]),
    (
        "unicode",
        [("user", "Translate \u201cgood morning\u201d into \u4e2d\u6587 and Portugu\u00eas.")],
        [
            "\u65e9\u4e0a\u597d, \u0635\u0628\u0627\u062d \u0627\u0644\u062e\u064a\u0631",
            "Cafe\u0301 na\u00efve \U0001f600\U0001f44d\U0001f3fd",
        ],
    ),
    (
        "code",
        [("user", "  Write a function that returns the sum of the list.\n\n")],
        [
            "    return sum(values)  # indented",
            "def f(x):\n    total = 0\n    for v in x:\n        total += v\n    return total\n",
        ],
    ),
    # One response is how another begins, and one is there twice.
    (
        "alike",
        [("user", " ".join(TRAINING_TEXT.splitlines()[12:24]) + " What did they do?")],
        [
            "They walked along the river until the sun went down.",
            "They walked along the river",
            "They walked along the river until the sun went down.",
            " ".join(TRAINING_TEXT.splitlines()[24:34]),
        ],
    ),
]


def make_tokenizer():
    """Byte-level BPE as Llama 3 has it: its pieces, its special tokens, and one that is put before every other text."""
    tokenizer = Tokenizer(models.BPE())
    split = pre_tokenizers.Split(Regex(LLAMA3_PIECES), behavior="isolated", invert=False)
    bytes_only = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, bytes_only])
    # Roles and line breaks are single tokens, as in the real vocabulary.
    frequent = ["system", "user", "assistant", "\n\n", "\n\n\n"]
    train_bpe(tokenizer, SPECIAL_TOKENS, TRAINING_TEXT.splitlines(keepends=True) + frequent * 100)
    bos = "<|begin_of_text|>"
    # The chat template writes it too: a text that goes through both has two.
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{bos} $A", special_tokens=[(bos, tokenizer.token_to_id(bos))]
    )
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=bos,
        eos_token="<|end_of_text|>",
        pad_token="[PAD]",
        model_max_length=2048,
        clean_up_tokenization_spaces=False,
    )
    fast.chat_template = CHAT_TEMPLATE
    return fast


def gate_tokens(tokenizer):
    ids = tokenizer.encode(GATE_PATTERN, add_special_tokens=False)
    assert len(ids) == 5, ids
    return ids


class Checkpoint(torch.nn.Module):
    """The tensors under their published names."""

    def __init__(self, config):
        super().__init__()
        width = config.hidden_size
        self.model = LlamaModel(config)
        self.regression_layer = torch.nn.Linear(width, NUM_OBJECTIVES, bias=False)
        self.reward_transform_matrix = torch.nn.Parameter(torch.zeros(NUM_OBJECTIVES, NUM_OBJECTIVES))
        self.gating = torch.nn.Module()
        widths = [width, GATING_HIDDEN, GATING_HIDDEN, GATING_HIDDEN, NUM_OBJECTIVES]
        self.gating.layers = torch.nn.ModuleList(map(torch.nn.Linear, widths, widths[1:]))
        self.gating.logit_scale = torch.nn.Parameter(torch.zeros(1))


def make_checkpoint(tokenizer):
    config = LlamaConfig(
        vocab_size=VOCAB_SIZE,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=2048,
        rms_norm_eps=1e-5,
        rope_parameters={"rope_type": "default", "rope_theta": 500_000.0},
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        use_cache=False,
        num_objectives=NUM_OBJECTIVES,
        gating_temperature=TEMPERATURE,
        gating_hidden_dim=GATING_HIDDEN,
        gating_n_hidden=GATING_LAYERS - 1,
        dtype="float32",
    )
    config.architectures = ["LlamaForRewardModelWithGating"]
    checkpoint = Checkpoint(config)
    fill_randomly(checkpoint, SEED)
    # What is subtracted of verbosity from each objective, from the published grid; all of itself.
    penalties = 0.05 * np.random.default_rng([SEED, 1]).integers(0, 20, NUM_OBJECTIVES)
    penalties[VERBOSITY] = 1.0
    transform = np.eye(NUM_OBJECTIVES)
    transform[VERBOSITY] -= penalties
    with torch.no_grad():
        checkpoint.reward_transform_matrix.copy_(torch.from_numpy(transform))
        checkpoint.gating.logit_scale.fill_(LOGIT_SCALE)
        for layer in checkpoint.gating.layers:
            # Divided by the temperature, the gate of smaller weights would be the same for all instructions.
            layer.weight.mul_(4)
    return config, checkpoint


def write_model(directory):
    tokenizer = make_tokenizer()
    config, checkpoint = make_checkpoint(tokenizer)
    directory.mkdir(parents=True, exist_ok=True)
    config.save_pretrained(directory)
    tensors = {name: tensor.detach().contiguous() for name, tensor in sorted(checkpoint.named_parameters())}
    save_file(tensors, directory / "model.safetensors", metadata={"format": "pt"})
    tokenizer.save_pretrained(directory, save_jinja_files=False)
    roles = {"bos_token": tokenizer.bos_token, "eos_token": tokenizer.eos_token, "pad_token": tokenizer.pad_token}
    (directory / "special_tokens_map.json").write_text(json.dumps(roles, indent=2) + "\n")


class Reference:
    """The forward of the published model, from the files of a checkpoint."""

    def __init__(self, directory):
        self.tokenizer = AutoTokenizer.from_pretrained(directory)
        self.decoder = LlamaModel.from_pretrained(directory, dtype=torch.float32, attn_implementation="eager").eval()
        self.tensors = load_file(directory / "model.safetensors")
        config = json.loads((directory / "config.json").read_text())
        self.temperature, self.layers = config["gating_temperature"], config["gating_n_hidden"] + 1
        self.gate_tokens = gate_tokens(self.tokenizer)

    def encode(self, messages, response):
        """A conversation that has ended. White space up to a leading line break goes: it would become one token with
        what ends the header, and the gate would not be found."""
        response = re.sub(r"\A\s*[\r\n]+", "", response)
        conversation = [*messages, {"role": "assistant", "content": response}]
        text = self.tokenizer.apply_chat_template(conversation, tokenize=False, add_generation_prompt=False)
        ids = self.tokenizer.encode(text, add_special_tokens=False)
        assert ids.count(self.tokenizer.bos_token_id) == 1 and ids[0] == self.tokenizer.bos_token_id
        return ids

    def gate_position(self, ids):
        return max(self.gate_positions(ids))

    def gate_positions(self, ids):
        length = len(self.gate_tokens)
        return [at for at in range(len(ids)) if ids[at : at + length] == self.gate_tokens]

    @torch.no_grad()
    def hidden(self, rows):
        """After the last norm. No mask: what stands to the right of a token must not matter to it. (B, T, D)"""
        return self.decoder(input_ids=torch.tensor(rows)).last_hidden_state

    def gate(self, states):
        """The weights of the objectives. (B, 19)"""
        x = states
        for layer in range(self.layers):
            weight, bias = (self.tensors[f"gating.layers.{layer}.{part}"] for part in ("weight", "bias"))
            x = torch.nn.functional.linear(x, weight, bias)
            x = x.relu() if layer + 1 < self.layers else x
        return (x / self.temperature).softmax(1) * self.tensors["gating.logit_scale"]

    def __call__(self, rows):
        """Of rows of equal length: what the gate reads, its weights, adjusted rewards and scores."""
        ids, hidden = torch.tensor(rows), self.hidden(rows)
        padding = ids == self.tokenizer.pad_token_id
        ends = torch.where(padding.any(1), padding.int().argmax(1), ids.shape[1]) - 1
        starts = torch.tensor([self.gate_position(row) for row in rows])
        row = torch.arange(len(rows))
        raw = hidden[row, ends] @ self.tensors["regression_layer.weight"].T
        gate = self.gate(hidden[row, starts])
        transform = self.tensors["reward_transform_matrix"]
        rewards = raw @ transform
        scores = (gate * rewards).sum(1)
        # The model card's own check, by the coefficients of the objectives.
        assert ((raw * (gate @ transform.T)).sum(1) - scores).abs().max() < 1e-3
        return {"gate_state": hidden[row, starts], "gate": gate, "rewards": rewards, "score": scores}


def assert_same(alone, together):
    for name, values in together.items():
        difference = (torch.cat([outcome[name] for outcome in alone]) - values).abs().max().item()
        assert difference < 1e-5, f"{name} differs by {difference} in a padded batch"


def assert_telling(reference, rows):
    """The numbers would be others if gate or heads read another token: so agreeing with them says something."""
    for ids in rows:
        hidden, start = reference.hidden([ids])[0], reference.gate_position(ids)
        elsewhere = {start - 1, start + 1, start + len(reference.gate_tokens) - 1, *reference.gate_positions(ids)}
        for other in elsewhere - {start}:
            assert (reference.gate(hidden[[start]]) - reference.gate(hidden[[other]])).abs().max() > 1e-2, ids
        raw = hidden[-2:] @ reference.tensors["regression_layer.weight"].T
        assert (raw[0] - raw[1]).abs().max() > 1e-2, ids


def armo_golden(directory):
    reference = Reference(directory)
    cases = [
        (id, [{"role": role, "content": content} for role, content in turns], responses)
        for id, turns, responses in INSTRUCTIONS
    ]
    rows = [reference.encode(messages, response) for _, messages, responses in cases for response in responses]
    alone = [reference([ids]) for ids in rows]
    longest = max(map(len, rows))
    padded = [ids + [reference.tokenizer.pad_token_id] * (longest - len(ids)) for ids in rows]
    together = reference(padded)
    assert_same(alone, together)
    assert_telling(reference, rows)

    numbers = iter(range(len(rows)))
    instructions = []
    for id, messages, responses in cases:
        scored, own = [], []
        for response in responses:
            number = next(numbers)
            own.append(alone[number])
            scored.append(
                {
                    "response": response,
                    "tokens": len(rows[number]),
                    "score": exact(alone[number]["score"][0]),
                    "rewards": floats(alone[number]["rewards"][0]),
                    "padded_score": exact(together["score"][number]),
                    "padded_rewards": floats(together["rewards"][number]),
                }
            )
        # The gate has read nothing of the response.
        assert all(torch.allclose(outcome["gate"], own[0]["gate"], atol=1e-6) for outcome in own)
        instructions.append(
            {
                "id": id,
                "messages": messages,
                "gate_state": floats(own[0]["gate_state"][0]),
                "gate": floats(own[0]["gate"][0]),
                "responses": scored,
            }
        )
    return {
        "model": NAME,
        "made_with": made_with("torch", "transformers", "tokenizers"),
        "gate_tokens": reference.gate_tokens,
        "gating_temperature": reference.temperature,
        "objectives": OBJECTIVES,
        "instructions": instructions,
    }


def main():
    fixtures = HERE.parent / "fixtures" / "models"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, default=fixtures)
    parser.add_argument("--out", type=Path, default=HERE)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    write_model(arguments.models / NAME)
    write_json(arguments.out / "armo.json", armo_golden(arguments.models / NAME))


if __name__ == "__main__":
    main()
