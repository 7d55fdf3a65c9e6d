"""Writes the tiny random models that the tests load, in Hugging Face layout.

The models answer nothing sensible. They exist so that every code path of a real checkpoint (tokenizer, chat
template, config, weights, tied or untied head, biases, head norms, rope scaling) runs in milliseconds.

    python tests/golden/make_models.py                # writes tests/fixtures/models
    python tests/golden/make_models.py --out DIR      # writes DIR, to compare with what is committed
"""

import argparse
import json
import zlib
from pathlib import Path

import numpy as np
import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    GenerationConfig,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

VOCAB_SIZE = 512
SPECIAL_TOKENS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]

# The form of SmolLM2-Instruct's template, without its default system message.
CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)

# The marker phrases stand here many times because a thought format must be cheap to write for a tiny model: with
# them in the merges, a marker is a few tokens and not thirty bytes.
TRAINING_TEXT = """\
Here is my thought process: the user asks for a short list, so I count the items first.
Here is my response: apples, bread and milk.
Here is my thought process: this is a sum, and the two numbers are small.
Here is my response: the answer is 12.
Here is my thought process: a poem needs a picture and a rhythm.
Here is my response: the river sings under the old stone bridge.
Here is my thought process: the question has two parts, and I answer both.
Here is my response: yes, and it takes about an hour.
Here is my thought process: I should be brief and polite.
Here is my response: thank you, that was very kind.
Here is my thought process: there is no single right answer here.
Here is my response: it depends on the weather.
Respond to the following user query in a comprehensive and detailed way.
You can write down your thought process before responding.
Write your thoughts after "Here is my thought process:" and write your response after "Here is my response:".
User query: how do I boil an egg?
User query: write a sentence about the sea.
User query: what is the capital of France?
User query: name three colors of the rainbow.
Put the egg in cold water, heat it, and wait for eight minutes.
The sea was gray in the morning and green in the evening.
The capital of France is Paris, a city on the river Seine.
Red, green and blue are three colors of the rainbow.
The little dog ran over the hill and back to the house.
She put the letter on the table and went out to the garden.
It is better to ask a simple question than to guess.
They walked along the river until the sun went down.
The train leaves at nine and arrives before noon.
We need more time, more light and more water.
When the rain stopped, the children came out to play.
A good answer is short, clear and true.
He read the first page of the book and then the last one.
The teacher wrote a number on the board and asked for another.
There are seven days in a week and twelve months in a year.
Most birds can fly, but some of them only run or swim.
The market opens early, and the bread is still warm.
You should write the word again, slowly and with care.
My brother works in a small town near the mountains.
The song has three parts, and the second part is the best.
Every plant needs light, water and a little patience.
This road goes to the lake and that road goes to the forest.
The answer to the second question is in the first chapter.
I think that the story would be better with a different ending.
Please open the window, because the room is too warm.
The machine counts the steps and prints the result.
Our plan is simple: first measure, then cut, then measure again.
One thing after another, and nothing in a hurry.
The old clock in the hall is ten minutes slow.
Her answer was yes, but her voice said something else.
A map shows where things are, and a plan shows what to do.
The wind moved the leaves, and the leaves moved the light.
If you are not sure, say so and give your best guess.
The letters a, b and c come before the letters x, y and z.
Numbers such as 1, 2, 3, 10, 25 and 100 are easy to remember.
They built the bridge in 1874 and painted it in 1902.
The soup needs salt, and the salad needs oil and lemon.
No one knows who wrote the first version of this tale.
The function returns the sum of the list, or zero for an empty list.
What would you do with a whole day and nothing to finish?
In the end the answer was the one that they started with.
"""


def make_tokenizer():
    """Byte-level BPE, so that any text has ids, with a vocabulary of exactly `VOCAB_SIZE`."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    train_bpe(tokenizer, SPECIAL_TOKENS, TRAINING_TEXT.splitlines(keepends=True))
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<|im_start|>",
        eos_token="<|im_end|>",
        pad_token="<|im_end|>",
        model_max_length=512,
        clean_up_tokenization_spaces=False,
    )
    fast.chat_template = CHAT_TEMPLATE
    return fast


def train_bpe(tokenizer, special_tokens, texts):
    """Gives a byte-level tokenizer its merges and its special tokens, which have the first ids."""
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCAB_SIZE,
        special_tokens=[AddedToken(text, special=True, normalized=False) for text in special_tokens],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    assert tokenizer.get_vocab_size() == VOCAB_SIZE, tokenizer.get_vocab_size()


def model_for(name, tokenizer):
    """An untrained model of the family that `name` says, not yet filled with numbers."""
    shape = dict(
        vocab_size=VOCAB_SIZE,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=512,
        rms_norm_eps=1e-5,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    plain = {"rope_type": "default"}
    # Head width 16 gives wavelengths from 6 to 20,000 positions: below 16, between 16 and 64, and above 64, so that
    # all three branches of the Llama 3 rule are used.
    llama3 = {
        "rope_type": "llama3",
        "factor": 8.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 64,
    }
    if name in ("tiny-llama", "tiny-llama3"):
        rope = plain if name == "tiny-llama" else llama3
        config = LlamaConfig(**shape, tie_word_embeddings=True, rope_parameters=rope | {"rope_theta": 10_000.0})
        return LlamaForCausalLM(config)
    if name == "tiny-qwen2":
        config = Qwen2Config(**shape, tie_word_embeddings=False, rope_parameters=plain | {"rope_theta": 1_000_000.0})
        return Qwen2ForCausalLM(config)
    if name == "tiny-qwen3":
        # A head width that is not hidden / heads catches code that derives one from the other.
        config = Qwen3Config(
            **shape, head_dim=32, tie_word_embeddings=True, rope_parameters=plain | {"rope_theta": 1_000_000.0}
        )
        return Qwen3ForCausalLM(config)
    raise ValueError(name)


def fill_randomly(model, seed):
    """Overwrites every parameter from numpy's generator, whose bits do not depend on the processor as torch's do.

    Each tensor has its own stream, keyed by its name, so that adding a tensor does not move the others.
    """
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            values = np.random.default_rng([seed, zlib.crc32(name.encode())]).standard_normal(parameter.shape)
            if name.endswith("norm.weight"):
                values = 1.0 + 0.2 * values
            elif name.endswith(".bias"):
                values = 0.3 * values
            elif "embed_tokens" in name or "lm_head" in name:
                values = 0.2 * values
            else:
                values = 0.1 * values
            parameter.copy_(torch.from_numpy(values.astype(np.float32)))


def write_model(name, seed, out):
    tokenizer = make_tokenizer()
    model = model_for(name, tokenizer).eval()
    fill_randomly(model, seed)
    model.generation_config = GenerationConfig(
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    directory = out / name
    model.save_pretrained(directory)
    # One file holds the template, as in checkpoints written before transformers 5.
    tokenizer.save_pretrained(directory, save_jinja_files=False)
    # Current transformers no longer writes this file, but most published checkpoints have it.
    roles = {"bos_token": tokenizer.bos_token, "eos_token": tokenizer.eos_token, "pad_token": tokenizer.pad_token}
    (directory / "special_tokens_map.json").write_text(json.dumps(roles, indent=2) + "\n")
    check_reload(directory, model, tokenizer)


def check_reload(directory, model, tokenizer):
    """What was saved must be what was made: same logits to the bit, same ids, same rendered chat."""
    text = "Here is my thought process: count.\nHere is my response: 42 caf\u00e9s <|im_end|>"
    messages = [{"role": "user", "content": "hi"}]
    ids = tokenizer.encode(text)
    again = AutoTokenizer.from_pretrained(directory)
    assert again.encode(text) == ids and again.decode(ids) == text
    rendered = again.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    assert rendered == "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n", rendered
    reloaded = AutoModelForCausalLM.from_pretrained(directory, dtype=torch.float32).eval()
    assert type(reloaded) is type(model)
    with torch.no_grad():
        want = model(torch.tensor([ids])).logits
        got = reloaded(torch.tensor([ids])).logits
    assert torch.equal(want, got), (want - got).abs().max()


SEEDS = {"tiny-llama": 11, "tiny-qwen2": 12, "tiny-qwen3": 13, "tiny-llama3": 14}


def main():
    fixtures = Path(__file__).resolve().parent.parent / "fixtures" / "models"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=fixtures)
    parser.add_argument("--only", nargs="+", choices=sorted(SEEDS), default=list(SEEDS))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    for name in arguments.only:
        write_model(name, SEEDS[name], arguments.out)


if __name__ == "__main__":
    main()
