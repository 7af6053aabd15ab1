"""Actions, limits and results as JSON, for drivers that hand them to other processes or keep them in a store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any, TypeVar, cast, get_args

from windvane.automl.actions import Action, ModelFigures, Result
from windvane.automl.forecasting.actions import ForecastAction
from windvane.automl.limits import Limits
from windvane.automl.steps import HasKey
from windvane.engine.candidate_io import outcome_from_json, outcome_to_json
from windvane.engine.candidates import Plan
from windvane.engine.training.fold_limits import FoldLimits

TYPES: Mapping[str, type[Action]] = {kind.__name__: kind for kind in get_args(Action)}
_NAME = "action"

A = TypeVar("A", bound=HasKey)

_MOST_LIKELY = 1000
"""As many members as an ensemble may have (engine/candidate_io.py)."""


def action_to_json(action: Action | ForecastAction) -> dict[str, Any]:
    """Return an action's fields, and its type as `action`."""
    told = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in asdict(action).items()
    }
    return {_NAME: type(action).__name__, **told}


def action_from_json(document: Mapping[str, Any], types: Mapping[str, type[A]]) -> A:
    """Return the action, of one of these types; members that it does not have are passed over.

    raises    LookupError, TypeError if it is none
    """
    kind = types[document[_NAME]]
    names = [one.name for one in fields(cast("Any", kind))]
    told = {name: _value(document[name]) for name in names if name in document}
    if "plan" in told:
        told["plan"] = Plan(**told["plan"])
    return kind(**told)


def limits_from_json(document: Mapping[str, Any]) -> Limits:
    """Return the limits whose `dataclasses.asdict` this is."""
    return Limits(**{**document, "folds": FoldLimits(**document["folds"])})


def result_to_json(result: Result) -> dict[str, Any]:
    """Return what an action brought, without what it did not bring."""
    outcome = result.outcome
    return {
        **({} if outcome is None else {"outcome": outcome_to_json(outcome)}),
        **({"refit_s": result.refit_s} if result.refit_s else {}),
        **({"round_s": result.round_s} if result.round_s else {}),
        **({"likely": list(result.likely_members)} if result.likely_members else {}),
        **({} if result.judged == ModelFigures() else {"judged": asdict(result.judged)}),
    }


def result_from_json(document: Mapping[str, Any]) -> Result:
    """Return what an action brought.

    raises    LookupError, TypeError, ValueError if it is none
    """
    outcome, judged = document.get("outcome"), document.get("judged")
    if (n_likely := len(document.get("likely", ()))) > _MOST_LIKELY:
        raise ValueError(f"'likely' has {n_likely} values; {_MOST_LIKELY} are the most")
    return Result(
        outcome=None if outcome is None else outcome_from_json(outcome),
        refit_s=float(document.get("refit_s", 0.0)),
        likely_members=tuple(int(index) for index in document.get("likely", ())),
        round_s=float(document.get("round_s", 0.0)),
        judged=ModelFigures() if judged is None else ModelFigures(**judged),
    )


def _value(told: Any) -> Any:
    return tuple(told) if isinstance(told, list) else told
