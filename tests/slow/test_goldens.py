"""The committed fixtures and golden numbers are what their scripts make, with the pinned libraries."""

import json
import subprocess
import sys

import pytest
from conftest import TESTS
from safetensors.torch import load_file

GOLDEN = TESTS / "golden"
MODELS = TESTS / "fixtures" / "models"

# Processors differ in the order in which they sum. Between AVX2 and AVX-512 the tiny models moved by up to 1e-5 (after
# ten optimizer steps) and the thirty layers of the real one by 2e-5; on one processor nothing moves.
FIXTURE_TOLERANCE = 1e-6
TINY_TOLERANCE = 3e-5
REAL_TOLERANCE = 1e-4
# Strengths are rounded to nine decimals, and the solver may end a billionth to either side.
STRENGTH_TOLERANCE = 3e-9
# What the fast tests compare statistics to.
STATISTICS_TOLERANCE = 1e-6


def regenerate(script, out, *more):
    done = subprocess.run([sys.executable, GOLDEN / script, "--out", out, *more], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return out


def assert_same_values(committed, made, tolerance, where):
    """Numbers within the tolerance, relative where they are large: a sum of -400 has no sixth decimal in float32."""
    assert type(committed) is type(made), where
    if isinstance(committed, dict):
        assert list(committed) == list(made), where
        for key in committed:
            assert_same_values(committed[key], made[key], tolerance, f"{where}/{key}")
    elif isinstance(committed, list):
        assert len(committed) == len(made), where
        for place, (left, right) in enumerate(zip(committed, made)):
            assert_same_values(left, right, tolerance, f"{where}/{place}")
    elif isinstance(committed, float):
        difference = abs(committed - made)
        assert difference <= tolerance * max(1.0, abs(committed)), f"{where}: committed {committed}, made {made}"
    else:
        assert committed == made, where


def assert_same_tensors(committed, made, tolerance):
    left, right = load_file(committed), load_file(made)
    assert set(left) == set(right)
    for name, tensor in left.items():
        assert tensor.shape == right[name].shape, name
        difference = (tensor - right[name]).abs().max().item()
        assert difference <= tolerance * max(1.0, tensor.abs().max().item()), f"{committed.name}/{name}: {difference}"


def number_files(root):
    return sorted(path.relative_to(root) for path in root.rglob("*") if path.suffix in (".json", ".safetensors"))


def assert_same_files(committed, made, tolerances):
    """`made` has the JSON and safetensors files of `committed`, no more and no fewer, with the same numbers.

    `tolerances` are by file name, with "" for the others.
    """
    assert number_files(committed) == number_files(made)
    for path in number_files(committed):
        tolerance = tolerances.get(path.name, tolerances[""])
        if path.suffix == ".json":
            left, right = (json.loads((root / path).read_text(encoding="utf-8")) for root in (committed, made))
            assert_same_values(left, right, tolerance, str(path))
        else:
            assert_same_tensors(committed / path, made / path, tolerance)


def test_models_are_what_their_scripts_make(tmp_path):
    models = regenerate("make_models.py", tmp_path / "models")
    regenerate("make_armo.py", tmp_path / "goldens", "--models", models)
    assert_same_files(MODELS, models, {"": FIXTURE_TOLERANCE})


def test_goldens_are_what_their_scripts_make(tmp_path):
    goldens = regenerate("make_goldens.py", tmp_path / "goldens")
    regenerate("make_smollm2.py", goldens)
    regenerate("make_bradley_terry.py", goldens)
    regenerate("make_statistics.py", goldens)
    regenerate("make_armo.py", goldens, "--models", tmp_path / "models")
    tolerances = {
        "": TINY_TOLERANCE,
        "smollm2.json": REAL_TOLERANCE,
        "bradley_terry.json": STRENGTH_TOLERANCE,
        "statistics.json": STATISTICS_TOLERANCE,
    }
    assert_same_files(GOLDEN, goldens, tolerances)


@pytest.mark.parametrize("wrong", [1.0001, 1, None, [1.0], {"a": 1.0}])
def test_the_comparison_sees_a_difference(wrong):
    with pytest.raises(AssertionError):
        assert_same_values({"x": 1.0}, {"x": wrong}, TINY_TOLERANCE, "here")
