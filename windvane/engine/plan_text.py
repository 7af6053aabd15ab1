"""A plan as text, as a training job's HyperParameters hold it: the algorithm's own hyperparameters (texts as they are,
everything else as JSON), and reserved names that begin with an underscore:

    _recipe   of the features, e.g. dpp0            the one that the algorithm prefers
              (of transformers also a JSON list)
    _seed     of everything random                  0
    _folds    that it is scored on                  all that the table has
    _rows     that a fold's model learns from       all
    _stops    where time ended training, to stop    it runs to its end
              there again: Plan.stops as JSON
    _without  columns to leave out, a JSON list     none

What a table is made of, for jobs that read one; of a dataset they must be what it says itself:

    _target         the column to predict                      the first
    _problem_type   BinaryClassification, ...                  inferred
    _objective      the metric that is optimised               the problem type's own
    _sample_weight  the column that says what a row counts for none
    _text_column    the column of texts that is the only feature none
    _validation_fraction
                    the share that is held out, of a job that reads a table; a dataset has its folds
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from windvane.engine.candidate_io import FULL_FIT, fold_fit
from windvane.engine.candidates import REFIT_ROWS, SAMPLE_ROWS, Plan
from windvane.engine.learners.names import SEED
from windvane.engine.tuning.aliases import (
    FRACTION,
    OBJECTIVE,
    PROBLEM_TYPE,
    SAMPLE_WEIGHT,
    TARGET,
    TEXT_COLUMN,
)
from windvane.errors import CandidateFault

RECIPE, FOLDS, ROWS, STOPS, WITHOUT = "_recipe", "_folds", "_rows", "_stops", "_without"


ABOUT_THE_TABLE = (TARGET, PROBLEM_TYPE, OBJECTIVE, SAMPLE_WEIGHT, TEXT_COLUMN, FRACTION)
_RESERVED = (RECIPE, SEED, FOLDS, ROWS, STOPS, WITHOUT, *ABOUT_THE_TABLE)
_STOP = re.compile(rf"fold\d+|{FULL_FIT}|{REFIT_ROWS}|{SAMPLE_ROWS}")


def hyperparameters_of(plan: Plan, folds: int | None) -> dict[str, str]:
    """Return a plan as text.

    folds    that it is, or was, scored on; None for all that the table has
    """
    own = {name: _text(value) for name, value in plan.hyperparameters.items()}
    reserved = {
        RECIPE: plan.recipe or None,
        SEED: str(plan.seed),
        FOLDS: None if folds is None else str(folds),
        ROWS: None if plan.n_rows is None else str(plan.n_rows),
        STOPS: json.dumps(plan.stops) if plan.stops else None,
    }
    return own | {name: value for name, value in reserved.items() if value is not None}


def plan_of(algorithm: str, hyperparameters: Mapping[str, str]) -> tuple[Plan, int | None]:
    """Return the plan that a text tells of, its index 1, and the folds; the inverse of `hyperparameters_of`. What the text
    leaves out is filled in by `rerun`, which knows the table.

    raises    CandidateFault for a reserved name that is not known, or has a value that cannot be
    """
    unknown = [name for name in hyperparameters if name[:1] == "_" and name not in _RESERVED]
    if unknown:
        raise CandidateFault(
            f"The hyperparameter '{unknown[0]}' is not known. Names that begin with an underscore are reserved: "
            f"{', '.join(_RESERVED)}."
        )
    own = {name: _value(text) for name, text in hyperparameters.items() if name[:1] != "_"}
    plan = Plan(
        index=1,
        recipe=hyperparameters.get(RECIPE, ""),
        algorithm=algorithm,
        hyperparameters=own,
        seed=_whole_number(hyperparameters, SEED, 0) or 0,
        n_rows=_whole_number(hyperparameters, ROWS, 1),
        stops=_stops(hyperparameters.get(STOPS, "{}")),
    )
    return plan, _whole_number(hyperparameters, FOLDS, 1)


def columns_without(hyperparameters: Mapping[str, str]) -> tuple[str, ...]:
    """Return the columns that `_without` names.

    raises    CandidateFault if it is no JSON list of names
    """
    names = _value(hyperparameters.get(WITHOUT, "[]"))
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise CandidateFault(
            f"The hyperparameter '{WITHOUT}' is {hyperparameters[WITHOUT]!r}; it must be a JSON list of names of "
            "columns."
        )
    return tuple(names)


def recipes_of(text: str) -> tuple[str, ...]:
    """Return the recipes that `_recipe` of transformers names: one, or a JSON list of those that an ensemble's members
    need."""
    value = _value(text)
    return tuple(str(name) for name in value) if isinstance(value, list) else (text,)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _stops(text: str) -> dict[str, int]:
    stops = _value(text)
    if not isinstance(stops, dict) or not all(
        _STOP.fullmatch(name) and type(stop) is int and stop > 0 for name, stop in stops.items()
    ):
        raise CandidateFault(
            f"The hyperparameter '{STOPS}' is {text!r}; it must be a JSON object of whole numbers of at least 1 by "
            f"'{fold_fit(0)}', '{fold_fit(1)}' ..., '{FULL_FIT}', '{REFIT_ROWS}' and '{SAMPLE_ROWS}'."
        )
    return stops


def _whole_number(hyperparameters: Mapping[str, str], name: str, least: int) -> int | None:
    if name not in hyperparameters:
        return None
    text = hyperparameters[name]
    value = _value(text)
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise CandidateFault(
            f"The hyperparameter '{name}' is {text!r}; it must be a whole number of at least {least}."
        )
    return value
