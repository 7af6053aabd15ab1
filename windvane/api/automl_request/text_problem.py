"""A request for a job that classifies texts: what it must fulfil beyond the service model, and its problem.

The rules read requests of CreateAutoMLJobV2 as v2.py translates them.
"""

from __future__ import annotations

from collections.abc import Iterator

from windvane.api.automl_request.data_rules import CHANNEL_RULES
from windvane.api.automl_request.v2 import PROBLEM, TEXT
from windvane.control.members import Request, first
from windvane.control.rules import Rule
from windvane.domain.jobspec import TextClassification
from windvane.domain.problem import MetricName

_OBJECTIVE = MetricName.ACCURACY


def _columns_differ(request: Request) -> Iterator[str]:
    config = request[PROBLEM][TEXT]
    if config["ContentColumn"] == config["TargetLabelColumn"]:
        yield (
            f"'{config['ContentColumn']}' is named as ContentColumn and as TargetLabelColumn; a column can be one of them."
        )


def _objective_fits(request: Request) -> Iterator[str]:
    name = first(request, "AutoMLJobObjective.MetricName")
    if name not in (None, _OBJECTIVE):
        yield (
            f"The objective metric {name} does not fit text classification. Choose {_OBJECTIVE}, or leave AutoMLJobObjective "
            "out."
        )


TEXT_RULES: tuple[Rule, ...] = (*CHANNEL_RULES, _columns_differ, _objective_fits)
"""source    AutoMLJobObjective in SageMaker's API reference"""


def text_problem(request: Request) -> TextClassification:
    """Return the problem of a request that fulfils the rules."""
    config = request[PROBLEM][TEXT]
    return TextClassification(content=config["ContentColumn"], target=config["TargetLabelColumn"])
