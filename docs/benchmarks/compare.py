#!/usr/bin/env python3
"""Measures tpo, llama.cpp and PyTorch on one machine, one after the other, and prints their ratios.

    docs/benchmarks/compare.py [--tpo target/release/tpo] [--repeat 5] [--work DIR] [--only tpo,llama,torch]

Sampling: 8 prompts of 112 tokens with 8 completions each, 8 prompts with one, and 1 prompt, 128 new tokens each, at
temperature 0.8 and top-p 0.95. llama.cpp computes a shared prompt once, too. Training: one step of DPO on 4 pairs of
128 + 256 tokens, forward, backward, clipping and AdamW; the reference's log-probabilities are there already. Every
figure is the median of the repetitions after a first one that warms up.

tpo gets the weights in bf16, as the model was published, in a process per precision; the numbers have no part in the
speed of the peers.

Needs the packages of `requirements.txt` beside this file. Each measurement is a process of its own, so that its peak
of memory is its own. The results of every part are kept in the work directory as JSON; `--only` repeats some.
"""

import argparse
import json
import random
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

PROMPT, NEW = 112, 128
PAIRS, PAIR_PROMPT, PAIR_COMPLETION = 4, 128, 256
BATCHES = {64: (8, 8), 8: (8, 1), 1: (1, 1)}
GGUF_TYPES = {"F32": 0, "Q8_0": 7, "Q4_0": 2}
PRECISIONS = ("f32", "bf16x3", "int16", "bf16", "int8")
THREADS = 2


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--tpo", default="target/release/tpo")
    options.add_argument("--repeat", type=int, default=5)
    options.add_argument("--work", type=Path, default=Path("target/benchmarks"))
    options.add_argument("--only", default="tpo,llama,torch")
    options.add_argument("--part", help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.part:
        measured = PARTS[given.part.split(":")[0]](given, *given.part.split(":")[1:])
        print(json.dumps(measured))
        return
    given.work.mkdir(parents=True, exist_ok=True)
    gguf = run([given.tpo, "model", "pull", "smollm2-135m"]).strip()
    for part in given.only.split(","):
        rows = {"tpo": tpo, "llama": llama, "torch": torch_rows}[part](given, gguf)
        (given.work / f"{part}.json").write_text(json.dumps(rows, indent=1))
    kept = [given.work / f"{part}.json" for part in ("tpo", "llama", "torch")]
    report([row for file in kept if file.exists() for row in json.loads(file.read_text())])


def run(command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def part(given, *arguments):
    """A measurement in a process of its own; none where the peer cannot."""
    name = ":".join(arguments)
    command = [sys.executable, __file__, "--repeat", str(given.repeat), "--part", name]
    ended = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if ended.returncode != 0:
        print(f"{name}: failed ({ended.returncode})", file=sys.stderr)
        return None
    row = json.loads(ended.stdout.splitlines()[-1])
    print(f"{row['name']}: {row['value']:.4g} {row['unit']}", file=sys.stderr)
    return row


def row(who, work, rows, precision, value, unit, rss):
    name = f"{who} {work} {precision} {rows}"
    return dict(name=name, who=who, work=work, rows=rows, precision=precision, value=value, unit=unit, rss=rss)


def peak_rss():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


# ------------------------------------------------------------------------------------------------------------------ tpo


def tpo(given, gguf):
    directory = given.work / "bf16"
    if not directory.exists():
        part(given, "checkpoint", gguf, str(directory))
    rows = []
    for precision in PRECISIONS:
        command = [given.tpo, "bench", str(directory), "--precision", precision, "--format", "json"]
        command += ["--repeat", str(given.repeat), "--new-tokens", str(NEW)]
        ended = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        if ended.returncode != 0:
            print(f"tpo {precision}: failed ({ended.returncode})", file=sys.stderr)
            continue
        for one in json.loads(ended.stdout)["rows"]:
            value, unit = one.get("tokens_per_second"), "tokens/s"
            if value is None:
                value, unit = one["seconds_per_step"], "s/step"
            rows.append(row("tpo", one["work"], one["rows"], precision, value, unit, one["peak_rss_bytes"]))
    return rows


def checkpoint(_given, gguf, directory):
    """The model with weights in bf16, as it was published: what is at hand has fewer bits."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    file = Path(gguf)
    read = AutoModelForCausalLM.from_pretrained(file.parent, gguf_file=file.name, dtype=torch.float32)
    config = read.config
    del config.quantization_config  # what was read is no longer quantized, and can be written
    model = AutoModelForCausalLM.from_config(config)
    model.load_state_dict(read.state_dict())
    model.to(torch.bfloat16).save_pretrained(directory)
    AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name).save_pretrained(directory)
    return row("tpo", "checkpoint", 0, "bf16", 0.0, "", 0)


# ------------------------------------------------------------------------------------------------------------ llama.cpp


def llama(given, gguf):
    rows = []
    for name, file_type in GGUF_TYPES.items():
        file = given.work / f"{name}.gguf"
        if not file.exists():
            part(given, "quantize", gguf, str(file), str(file_type))
        for batch in BATCHES:
            rows.append(part(given, "sample", str(file), name, str(batch)))
    return [one for one in rows if one]


def silent():
    """llama.cpp without its log. Keep what is returned: the library holds only a pointer."""
    import ctypes

    import llama_cpp as lib

    say_nothing = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)(lambda *_: None)
    lib.llama_log_set(say_nothing, ctypes.c_void_p(0))
    return lib, say_nothing


def quantize(_given, source, target, file_type):
    lib, _kept = silent()
    wanted = lib.llama_model_quantize_default_params()
    wanted.ftype, wanted.allow_requantize, wanted.nthread = int(file_type), True, THREADS
    failed = lib.llama_model_quantize(source.encode(), target.encode(), wanted)
    assert failed == 0, failed
    return row("llama.cpp", "quantize", 0, target, 0.0, "", 0)


def sample(given, file, name, batch):
    lib, _kept = silent()
    lib.llama_backend_init()
    prompts, completions = BATCHES[int(batch)]
    sequences = prompts * completions
    model = lib.llama_model_load_from_file(file.encode(), lib.llama_model_default_params())
    wanted = lib.llama_context_default_params()
    wanted.n_ctx = sequences * -(-(PROMPT + NEW) // 32) * 32
    wanted.n_batch, wanted.n_seq_max = 2048, sequences
    wanted.n_threads = wanted.n_threads_batch = THREADS
    context = lib.llama_init_from_model(model, wanted)
    memory = lib.llama_get_memory(context)
    tokens = lib.llama_batch_init(wanted.n_batch, 0, 1)
    chance = random.Random(1)
    texts = [[chance.randrange(1000, 40_000) for _ in range(PROMPT)] for _ in range(prompts)]

    def put(at, token, position, sequence, wants_logits):
        tokens.token[at], tokens.pos[at] = token, position
        tokens.n_seq_id[at], tokens.seq_id[at][0], tokens.logits[at] = 1, sequence, wants_logits

    def decode(count):
        tokens.n_tokens = count
        assert lib.llama_decode(context, tokens) == 0

    def sampler(seed):
        chain = lib.llama_sampler_chain_init(lib.llama_sampler_chain_default_params())
        lib.llama_sampler_chain_add(chain, lib.llama_sampler_init_temp(0.8))
        lib.llama_sampler_chain_add(chain, lib.llama_sampler_init_top_p(0.95, 1))
        lib.llama_sampler_chain_add(chain, lib.llama_sampler_init_dist(seed))
        return chain

    def once(new):
        lib.llama_memory_clear(memory, True)
        samplers = [sampler(seed) for seed in range(sequences)]
        rows, at = {}, 0
        for number, text in enumerate(texts):
            first = number * completions
            for position, token in enumerate(text):
                put(at, token, position, first, position + 1 == PROMPT)
                at += 1
            for sequence in range(first, first + completions):
                rows[sequence] = at - 1
        decode(at)
        for first in range(0, sequences, completions):
            for sequence in range(first + 1, first + completions):
                lib.llama_memory_seq_cp(memory, first, sequence, -1, -1)
        for step in range(new):
            chosen = [lib.llama_sampler_sample(samplers[one], context, rows[one]) for one in range(sequences)]
            if step + 1 < new:
                for one in range(sequences):
                    put(one, chosen[one], PROMPT + step, one, True)
                    rows[one] = one
                decode(sequences)
        for one in samplers:
            lib.llama_sampler_free(one)

    seconds = median_seconds(given, lambda: once(NEW))
    return row("llama.cpp", "sample", sequences, name, sequences * NEW / seconds, "tokens/s", peak_rss())


# -------------------------------------------------------------------------------------------------------------- PyTorch


def torch_rows(given, gguf):
    rows = []
    for method in ("full", "lora"):
        for numbers in ("f32", "bf16"):
            for how in ("eager", "compiled"):
                rows.append(part(given, "train", gguf, method, numbers, how))
    return [one for one in rows if one]


def train(given, gguf, method, numbers, how):
    import torch
    import torch.nn.functional as F
    from transformers import AutoModelForCausalLM

    torch.set_num_threads(THREADS)
    torch.manual_seed(0)
    file = Path(gguf)
    model = AutoModelForCausalLM.from_pretrained(file.parent, gguf_file=file.name, dtype=torch.float32)
    if method == "lora":
        from peft import LoraConfig, get_peft_model

        wanted = LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM")
        model = get_peft_model(model, wanted)
    causal = model.get_base_model() if method == "lora" else model
    model.train()
    if how == "compiled":
        for layer in causal.model.layers:
            layer.compile()
    parameters = [one for one in model.parameters() if one.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=1e-6, weight_decay=0.0, fused=True)
    ids = torch.randint(1000, 40_000, (2 * PAIRS, PAIR_PROMPT + PAIR_COMPLETION))
    ids[PAIRS:, :PAIR_PROMPT] = ids[:PAIRS, :PAIR_PROMPT]

    def log_probs():
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=numbers == "bf16"):
            hidden = causal.model(input_ids=ids, use_cache=False).last_hidden_state
            logits = F.linear(hidden[:, PAIR_PROMPT - 1 : -1], causal.lm_head.weight).float()
        labels = ids[:, PAIR_PROMPT:]
        lost = F.cross_entropy(logits.flatten(0, 1), labels.flatten(), reduction="none")
        return -lost.view(labels.shape).sum(-1)

    with torch.no_grad():
        reference = log_probs()

    def step():
        margins = log_probs() - reference
        loss = -F.logsigmoid(0.1 * (margins[:PAIRS] - margins[PAIRS:])).mean()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    seconds = median_seconds(given, step)
    return row("PyTorch", f"train {method}", 2 * PAIRS, f"{numbers} {how}", seconds, "s/step", peak_rss())


def median_seconds(given, work):
    work()
    times = []
    for _ in range(given.repeat):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


PARTS = {"checkpoint": checkpoint, "quantize": quantize, "sample": sample, "train": train}


# ----------------------------------------------------------------------------------------------------------- the ratios


def report(rows):
    print("| work | rows | tpo | | peak | against the fastest of its kind | | peak | tpo / peer | memory |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for own in (one for one in rows if one["who"] == "tpo"):
        peer = fastest(rows, own)
        if peer is None:
            continue
        ratio = own["value"] / peer["value"]
        print(
            f"| {own['work']} | {own['rows']} | {own['precision']} | {shown(own)} | {gib(own)} "
            f"| {peer['who']} {peer['precision']} | {shown(peer)} | {gib(peer)} "
            f"| {ratio:.2f} | {own['rss'] / peer['rss']:.2f} |"
        )


def fastest(rows, own):
    """Of the peers that do the same in numbers as exact: f32 with f32, fewer bits with fewer bits."""
    is_exact = own["precision"] in ("f32", "bf16x3", "int16")
    peers = [
        one
        for one in rows
        if one["who"] != "tpo"
        and (one["work"], one["rows"]) == (own["work"], own["rows"])
        and one["precision"].lower().startswith("f32") == is_exact
    ]
    if not peers:
        return None
    return (max if own["unit"] == "tokens/s" else min)(peers, key=lambda one: one["value"])


def shown(one):
    return f"{one['value']:.0f} {one['unit']}" if one["unit"] == "tokens/s" else f"{one['value']:.2f} {one['unit']}"


def gib(one):
    return f"{one['rss'] / 2**30:.1f} GiB"


if __name__ == "__main__":
    main()
