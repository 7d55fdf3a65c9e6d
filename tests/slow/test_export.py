"""What `tpo run` trains, the common libraries load, and they compute the same model from it."""

import json

import torch
from conftest import BASE, assert_same_trained_model, base_model
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer


def test_full_checkpoint_loads_in_transformers(full_run, token_ids):
    checkpoint = full_run / "checkpoints" / "iteration-2"
    model, loading = AutoModelForCausalLM.from_pretrained(checkpoint, dtype=torch.float32, output_loading_info=True)
    # transformers fills a missing tensor with noise and only warns.
    assert not any(loading.values()), loading
    assert_same_trained_model(model.eval(), checkpoint, token_ids)


def test_full_checkpoint_keeps_the_tokenizer(full_run):
    ours = AutoTokenizer.from_pretrained(full_run / "checkpoints" / "iteration-2")
    base = AutoTokenizer.from_pretrained(BASE)
    messages = [{"role": "user", "content": "Where is the clock?"}, {"role": "assistant", "content": "In the hall."}]
    assert ours.get_vocab() == base.get_vocab()
    assert ours.apply_chat_template(messages) == base.apply_chat_template(messages)
    assert (ours.bos_token, ours.eos_token, ours.pad_token) == (base.bos_token, base.eos_token, base.pad_token)


def test_lora_adapter_loads_in_peft(lora_run, token_ids):
    checkpoint = lora_run / "checkpoints" / "iteration-2"
    model = PeftModel.from_pretrained(base_model(), checkpoint).eval()
    assert_same_trained_model(model, checkpoint, token_ids)


def test_lora_adapter_has_the_tensors_that_peft_would_save(lora_run, tmp_path):
    checkpoint = lora_run / "checkpoints" / "iteration-2"
    PeftModel.from_pretrained(base_model(), checkpoint).save_pretrained(tmp_path)
    ours, theirs = (load_file(directory / "adapter_model.safetensors") for directory in (checkpoint, tmp_path))
    assert {name: tensor.shape for name, tensor in ours.items()} == {n: tensor.shape for n, tensor in theirs.items()}
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    configs = [json.loads((directory / "adapter_config.json").read_text()) for directory in (checkpoint, tmp_path)]
    for key in ("peft_type", "task_type", "r", "lora_alpha", "bias"):
        assert configs[0][key] == configs[1][key], key
