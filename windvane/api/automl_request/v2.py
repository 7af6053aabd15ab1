"""CreateAutoMLJobV2 in the words of CreateAutoMLJob, in which requests are checked, and back: a table of where each member
stands in either."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from windvane.api.automl_request.algorithm_rules import no_algorithms_by_default
from windvane.control.members import Request, Translated, Unserved
from windvane.control.rules import Rule, refused
from windvane.errors import InvalidRequest

PROBLEM = "AutoMLProblemTypeConfig"
TABULAR, FORECAST = "TabularJobConfig", "TimeSeriesForecastingJobConfig"
TEXT = "TextClassificationJobConfig"

REFUSED = {
    "ImageClassificationJobConfig": (
        "models of images need pretrained networks and GPUs, which this server does without"
    ),
    "TextGenerationJobConfig": (
        "language models are fine-tuned on GPUs, which this server does without"
    ),
}
"""Configuration of a kind of problem -> why jobs of it are refused."""

_Path = tuple[str, ...]

_TABULAR: _Path = (PROBLEM, TABULAR)
_CONFIG: _Path = ("AutoMLJobConfig",)
_CHANNELS = "InputDataConfig"
_CHANNELS_V2 = "AutoMLJobInputDataConfig"

_SAME = (
    "AutoMLJobName",
    "OutputDataConfig",
    "RoleArn",
    "AutoMLJobObjective",
    "ModelDeployConfig",
    "Tags",
    "AutoMLComputeConfig",
)
"""Members that have the same place in both; the last one the first API does not know."""

_OF_PROBLEM: tuple[tuple[_Path, _Path], ...] = (
    (("CandidateGenerationConfig",), (*_CONFIG, "CandidateGenerationConfig")),
    (
        ("FeatureSpecificationS3Uri",),
        (*_CONFIG, "CandidateGenerationConfig", "FeatureSpecificationS3Uri"),
    ),
    (("CompletionCriteria",), (*_CONFIG, "CompletionCriteria")),
    (("Mode",), (*_CONFIG, "Mode")),
    (("ProblemType",), ("ProblemType",)),
    (("GenerateCandidateDefinitionsOnly",), ("GenerateCandidateDefinitionsOnly",)),
)
"""(place in the configuration of the problem, place in the first API): an outer place before those within it."""

_OF_REQUEST: tuple[tuple[_Path, _Path], ...] = (
    (("SecurityConfig",), (*_CONFIG, "SecurityConfig")),
    (("DataSplitConfig",), (*_CONFIG, "DataSplitConfig")),
)
"""(place in V2, place in the first API)."""

_OF_CHANNELS = ("TargetAttributeName", "SampleWeightAttributeName")
"""Members that the first API has in every channel, and V2 once."""


def in_v1_words(request: Request) -> Translated:
    """Return a request to CreateAutoMLJobV2 as one to CreateAutoMLJob; messages about it call its members as V2 does. The
    configuration of a problem that the first API does not know stays where it is, too.

    raises    InvalidRequest if it is of a problem type that is not served
    """
    config = problem_of(request)
    if (why := REFUSED.get(config)) is not None:
        raise InvalidRequest(
            f"The member '{_spelled((PROBLEM, config))}' is not supported by this server: {why}."
        )
    made: dict[str, Any] = {name: request[name] for name in _SAME if name in request}
    problem = request[PROBLEM][config]
    shared = {name: problem[name] for name in _OF_CHANNELS if name in problem}
    made[_CHANNELS] = [{**channel, **shared} for channel in request[_CHANNELS_V2]]
    for there, here in _moved(config):
        if (value := _at(request, there)) is not None:
            _put(made, here, value)
    if config != TABULAR:
        made[PROBLEM] = request[PROBLEM]
    return Translated(made, lambda place: place_in_v2(place, config))


def problem_of(request: Request) -> str:
    """Return the name of the configuration that says what kind of problem a request to CreateAutoMLJobV2 is of."""
    [name] = request[PROBLEM]
    return str(name)


def in_v2_words(request: Request) -> dict[str, Any]:
    """Return the inverse: a request to CreateAutoMLJob as one to CreateAutoMLJobV2."""
    made: dict[str, Any] = {name: request[name] for name in _SAME if name in request}
    channels = request[_CHANNELS]
    made[_CHANNELS_V2] = [
        {name: value for name, value in channel.items() if name not in _OF_CHANNELS}
        for channel in channels
    ]
    for name in _OF_CHANNELS:
        if name in channels[0]:
            _put(made, (*_TABULAR, name), channels[0][name])
    for there, here in _moved(TABULAR):
        if (value := _at(request, here)) is not None:
            _put(made, there, value)
    tabular = made[PROBLEM][TABULAR]
    if "FeatureSpecificationS3Uri" in tabular:
        left = tabular["CandidateGenerationConfig"]
        del left["FeatureSpecificationS3Uri"]
        if not left:
            del tabular["CandidateGenerationConfig"]
    return made


def _moved(config: str) -> tuple[tuple[_Path, _Path], ...]:
    """Return (place in V2, place in the first API) of what has another place in either."""
    return (*(((PROBLEM, config, *there), here) for there, here in _OF_PROBLEM), *_OF_REQUEST)


def _at(request: Request, path: _Path) -> Any:
    """Return the value at the path, copied as far as it is an object; None if there is none."""
    value: Any = request
    for name in path:
        if not isinstance(value, Mapping) or name not in value:
            return None
        value = value[name]
    return dict(value) if isinstance(value, Mapping) else value


def _put(request: dict[str, Any], path: _Path, value: Any) -> None:
    for name in path[:-1]:
        request = request.setdefault(name, {})
    request[path[-1]] = value


# rules that only V2 has, and what it calls the places of all others


def both_or_neither(request: Request) -> Iterator[str]:
    """Yield a rule on the request in V1's words.

    source    CreateAutoMLJobV2's AutoMLJobObjective in SageMaker's API reference
    """
    if ("AutoMLJobObjective" in request) != ("ProblemType" in request):
        given, missing = ("AutoMLJobObjective", "ProblemType")
        if given not in request:
            given, missing = missing, given
        yield (
            f"{given} is specified without {missing}: you must either provide both the AutoMLJobObjective and the "
            "ProblemType, or none at all."
        )


COMPUTE_RULE: Rule = refused(Unserved("AutoMLComputeConfig"))

V2_RULES: tuple[Rule, ...] = (both_or_neither, no_algorithms_by_default, COMPUTE_RULE)
"""Of tables."""


def _spelled(path: _Path) -> str:
    """Return a place as AWS's messages call it."""
    return ".".join(name[0].lower() + name[1:] for name in path)


_SHARED_PLACE = re.compile(
    rf"inputDataConfig\.\d+\.member\.({'|'.join(n[0].lower() + n[1:] for n in _OF_CHANNELS)})"
)


def place_in_v2(place: str, config: str = TABULAR) -> str:
    """Return a place in a request to CreateAutoMLJob, in AWS's spelling, as CreateAutoMLJobV2 calls it.

    config    name of the configuration of the problem
    """
    if (shared := _SHARED_PLACE.fullmatch(place)) is not None:
        return f"{_spelled((PROBLEM, config))}.{shared[1]}"
    places = {_spelled(here): _spelled(there) for there, here in _moved(config)}
    places["inputDataConfig"] = "autoMLJobInputDataConfig"
    for before in sorted(places, key=len, reverse=True):
        if place == before or place.startswith(f"{before}."):
            return places[before] + place[len(before) :]
    return place
