"""The pairs that `tpo run` writes train a model in TRL as they are."""

import math

import pytest
import torch
from conftest import BASE, base_model
from datasets import load_dataset
from transformers import AutoTokenizer
from trl import DPOConfig, DPOTrainer


@pytest.fixture
def pairs(full_run, tmp_path):
    return load_dataset("json", data_files=str(full_run / "pairs.jsonl"), split="train", cache_dir=str(tmp_path))


def test_pairs_load_with_datasets(pairs):
    assert len(pairs) > 0
    assert {"prompt", "chosen", "rejected"} <= set(pairs.column_names)
    for pair in pairs:
        assert pair["prompt"][-1]["role"] == "user"
        assert [message["role"] for message in pair["chosen"] + pair["rejected"]] == ["assistant", "assistant"]
        assert pair["chosen"] != pair["rejected"]


def test_pairs_pass_one_step_of_trl(pairs, tmp_path):
    model = base_model()
    trainer = DPOTrainer(
        model=model,
        args=DPOConfig(
            output_dir=str(tmp_path / "trl"),
            max_steps=1,
            per_device_train_batch_size=min(4, len(pairs)),
            learning_rate=1e-3,
            beta=0.1,
            bf16=False,
            use_cpu=True,
            save_strategy="no",
            logging_steps=1,
            report_to="none",
            seed=7,
        ),
        train_dataset=pairs,
        processing_class=AutoTokenizer.from_pretrained(BASE),
    )
    trainer.train()
    first = trainer.state.log_history[0]
    # Before its first step the policy is the reference, so a right reading of any pairs gives exactly this.
    assert first["loss"] == pytest.approx(math.log(2), abs=1e-4)
    # Truncation or a masked completion would leave no gradient.
    assert math.isfinite(first["grad_norm"]) and first["grad_norm"] > 0
    before = dict(base_model().named_parameters())
    assert any(not torch.equal(parameter.cpu(), before[name]) for name, parameter in model.named_parameters())
