"""How the golden files are written: JSON a person can read, numbers that survive the trip through text."""

import importlib.metadata
import json

import torch


def exact(value):
    """A float as the shortest decimal of at most nine digits, which is enough to give back the same f32."""
    plain = value.detach() if isinstance(value, torch.Tensor) else value
    return float(f"{float(plain):.9g}")


def floats(values):
    return [exact(value) for value in values]


def made_with(*packages):
    return {package: importlib.metadata.version(package) for package in packages}


def write_json(path, value):
    path.write_text(_pretty(value, "") + "\n", encoding="utf-8")


def _pretty(value, indent):
    """Like `json.dumps(indent=2)`, but a list of plain values stays on one line."""
    inner = indent + "  "
    if isinstance(value, dict) and value:
        rows = [f"{inner}{json.dumps(key)}: {_pretty(item, inner)}" for key, item in value.items()]
        return "{\n" + ",\n".join(rows) + "\n" + indent + "}"
    if isinstance(value, list) and any(isinstance(item, (dict, list)) for item in value):
        rows = [inner + _pretty(item, inner) for item in value]
        return "[\n" + ",\n".join(rows) + "\n" + indent + "]"
    return json.dumps(value, allow_nan=False)
