"""A pair selector: best against worst, if their scores are at least `margin` apart."""

import json

import wit_world.exports
from componentize_py_types import Err
from wit_world.exports.metadata import Description
from wit_world.exports.pair_selector import CandidateGroup, CandidateStatus_Scored, Pair, Selection
from wit_world.imports.types import Error_Internal, Error_InvalidConfig

SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "margin": {"type": "number", "minimum": 0, "default": 0.1, "description": "The smallest difference between the scores of a pair."},
    },
}

margin = 0.1


class Metadata(wit_world.exports.Metadata):
    def describe(self) -> Description:
        return Description(
            name="a-new-plugin",
            version="0.1.0",
            summary="Pairs best with worst where their scores differ enough",
            license="Apache-2.0",
            config_schema=json.dumps(SCHEMA),
            extra=[],
        )

    def configure(self, config: str) -> None:
        global margin
        settings = json.loads(config)
        for key in settings.keys() - SCHEMA["properties"].keys():
            raise Err(Error_InvalidConfig(f"unknown key `{key}`; the only key is `margin`"))
        margin = settings.get("margin", margin)
        if type(margin) not in (int, float) or margin < 0:
            raise Err(Error_InvalidConfig(f"`margin` is {margin!r}; it must be a number from 0"))


class PairSelector(wit_world.exports.PairSelector):
    def select(self, groups: list[CandidateGroup]) -> list[Selection]:
        return reporting_errors(lambda: [select(group) for group in groups])


def reporting_errors(work):
    """Runs `work`. Only an error of the contract reaches the user with its message, so other exceptions become one."""
    try:
        return work()
    except Exception as error:
        raise Err(Error_Internal(f"{type(error).__name__}: {error}"))


def select(group: CandidateGroup) -> Selection:
    scores = [
        (candidate.status.value, index)
        for index, candidate in enumerate(group.candidates)
        if isinstance(candidate.status, CandidateStatus_Scored)
    ]
    if scores:
        worst, best = min(scores), max(scores)
        if best[0] > worst[0] and best[0] - worst[0] >= margin:
            return Selection([Pair(best[1], worst[1], [])], None, [])
    return Selection([], "scores are too close", [])
