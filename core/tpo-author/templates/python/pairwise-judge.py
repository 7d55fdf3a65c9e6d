"""A pairwise judge that prefers the response whose length is nearer to `words` words (60 by default)."""

import json

import wit_world.exports
from componentize_py_types import Err
from wit_world.exports.metadata import Description
from wit_world.exports.pairwise_judge import Comparison, Preference_First, Preference_Second, Preference_Tie, Verdict
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
            name="a-new-plugin",
            version="0.1.0",
            summary="Prefers the response nearer to the right length",
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


class PairwiseJudge(wit_world.exports.PairwiseJudge):
    def compare(self, comparisons: list[Comparison]) -> list[Verdict]:
        return reporting_errors(lambda: [compare(comparison) for comparison in comparisons])


def reporting_errors(work):
    """Runs `work`. Only an error of the contract reaches the user with its message, so other exceptions become one."""
    try:
        return work()
    except Exception as error:
        raise Err(Error_Internal(f"{type(error).__name__}: {error}"))


def compare(comparison: Comparison) -> Verdict:
    first, second = distance(comparison.first), distance(comparison.second)
    if first < second:
        preference = Preference_First()
    elif second < first:
        preference = Preference_Second()
    else:
        preference = Preference_Tie()
    return Verdict(preference, strength=None, first_probability=None, rationale=None, extra=[])


def distance(response: str) -> int:
    return abs(len(response.split()) - wanted)
