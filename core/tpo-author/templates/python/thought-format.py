"""A thought format: asks for a thought, then `Answer:` and an answer, and splits the completion there.

Template and parser are one component, so that they agree on the marker.
"""

import json

import wit_world.exports
from componentize_py_types import Err, Ok, Result
from wit_world.exports.metadata import Description
from wit_world.exports.response_parser import Completion, Parts
from wit_world.exports.thought_template import Prompt, RenderRequest
from wit_world.imports.types import Error_Internal, Error_InvalidConfig, Message

MARKER = "Answer:"
REQUEST = "Think about this first, in a few sentences. Then write `Answer:` followed by your answer."


class Metadata(wit_world.exports.Metadata):
    def describe(self) -> Description:
        return Description(
            name="a-new-plugin",
            version="0.1.0",
            summary="Asks for a thought and then an answer",
            license="Apache-2.0",
            config_schema=json.dumps({"type": "object", "additionalProperties": False, "properties": {}}),
            extra=[],
        )

    def configure(self, config: str) -> None:
        for key in json.loads(config):
            raise Err(Error_InvalidConfig(f"unknown key `{key}`; this plugin has no configuration"))


class ThoughtTemplate(wit_world.exports.ThoughtTemplate):
    def render(self, requests: list[RenderRequest]) -> list[Result[Prompt, str]]:
        return reporting_errors(lambda: [render(request) for request in requests])


class ResponseParser(wit_world.exports.ResponseParser):
    def parse(self, completions: list[Completion]) -> list[Result[Parts, str]]:
        return reporting_errors(lambda: [parse(completion.text) for completion in completions])


def reporting_errors(work):
    """Runs `work`. Only an error of the contract reaches the user with its message, so other exceptions become one."""
    try:
        return work()
    except Exception as error:
        raise Err(Error_Internal(f"{type(error).__name__}: {error}"))


def render(request: RenderRequest) -> Result[Prompt, str]:
    if not request.instruction.messages:
        return Err("no message")
    *before, last = request.instruction.messages
    asked = Message(last.role, f"{last.content}\n\n{REQUEST}")
    return Ok(Prompt([*before, asked], prefill=None, trained_prefill=None, stop=[], response_marker=MARKER, extra=[]))


def parse(text: str) -> Result[Parts, str]:
    thought, marker, response = text.partition(MARKER)
    if not marker:
        return Err("no answer")
    if not response.strip():
        return Err("empty answer")
    return Ok(Parts(thought.strip(), response.strip()))
