"""What the slow tests share: where things are, how to run `tpo`, and how near is near enough."""

import json
import os
import subprocess
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests"
BASE = TESTS / "fixtures" / "models" / "tiny-llama"
TPO = ROOT / os.environ.get("CARGO_TARGET_DIR", "target") / "release" / "tpo"

# Between two float32 implementations of one model. They differ by about 1e-5.
LOGITS_TOLERANCE = 1e-3


def tpo(*arguments):
    """Runs the built `tpo` and returns its standard output. A failure shows what it said."""
    done = subprocess.run([TPO, *map(str, arguments)], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, f"tpo {arguments} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def trained(name, directory):
    """Runs the whole loop with the config of that name and returns the run directory."""
    tpo("run", TESTS / "fixtures" / "runs" / name / "tpo.toml", "--dir", directory)
    return directory


@pytest.fixture(scope="session")
def full_run(tmp_path_factory):
    return trained("tiny-full", tmp_path_factory.mktemp("tiny-full") / "run")


@pytest.fixture(scope="session")
def lora_run(tmp_path_factory):
    return trained("tiny-lora", tmp_path_factory.mktemp("tiny-lora") / "run")


@pytest.fixture(scope="session")
def token_ids():
    golden = json.loads((TESTS / "golden" / "llama.json").read_text())
    return golden["logits"]["input_ids"]


def base_model():
    return AutoModelForCausalLM.from_pretrained(BASE, dtype=torch.float32).eval()


def their_logits(model, ids):
    with torch.no_grad():
        return model(torch.tensor([ids])).logits[0]


def our_logits(checkpoint, ids):
    answer = json.loads(tpo("model", "logits", checkpoint, "--ids", ",".join(map(str, ids))))
    return torch.tensor(answer["logits"])


def assert_same_trained_model(model, checkpoint, ids):
    """Both sides must agree on the checkpoint, and the checkpoint must not be the base that training started from:
    otherwise a loader that ignores what training wrote would pass."""
    theirs, ours = their_logits(model, ids), our_logits(checkpoint, ids)
    assert ours.shape == theirs.shape
    assert (ours - theirs).abs().max() < LOGITS_TOLERANCE
    assert (their_logits(base_model(), ids) - theirs).abs().max() > 2 * LOGITS_TOLERANCE
