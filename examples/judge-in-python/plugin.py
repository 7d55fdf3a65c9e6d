"""A judge that prefers responses of about `words` words (60 by default)."""

import json

import wit_world.exports
from componentize_py_types import Err
from wit_world.exports.judge import Group, Judgment, Judgment_Score, Judgment_Unscored, Scored
from wit_world.exports.metadata import Description
from wit_world.imports.types import Error_Internal, Error_InvalidConfig

SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "words": {"type": "integer", "minimum": 1, "default": 60, "description": "The preferred number of words."},
    },
}

wanted = 60


class Metadata(wit_world.exports.Metadata):
    def describe(self) -> Description:
        return Description(
            name="judge-in-python",
            version="0.1.0",
            summary="Prefers responses of about the right length",
            license="Apache-2.0",
            config_schema=json.dumps(SCHEMA),
            extra=[],
        )

    def configure(self, config: str) -> None:
        global wanted
        settings = json.loads(config)
        for key in settings.keys() - SCHEMA["properties"].keys():
            raise Err(Error_InvalidConfig(f"unknown key `{key}`; the only key is `words`"))
        wanted = settings.get("words", wanted)
        if type(wanted) is not int or wanted < 1:
            raise Err(Error_InvalidConfig(f"`words` is {wanted!r}; it must be a whole number from 1"))


class Judge(wit_world.exports.Judge):
    def score(self, groups: list[Group]) -> list[list[Judgment]]:
        return reporting_errors(lambda: [[judge(response) for response in group.responses] for group in groups])


def reporting_errors(work):
    """Runs `work`. Only an error of the contract reaches the user with its message, so other exceptions become one."""
    try:
        return work()
    except Exception as error:
        raise Err(Error_Internal(f"{type(error).__name__}: {error}"))


def judge(response: str) -> Judgment:
    words = len(response.split())
    if words == 0:
        return Judgment_Unscored("empty response")
    value = 1 / (1 + abs(words - wanted) / wanted)
    return Judgment_Score(Scored(value, None, [("words", float(words))], []))
