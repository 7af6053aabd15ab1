"""The names that other services and libraries give to hyperparameters, put into ours.

Whoever sends a training job writes `objective: binary:logistic`, `num_boost_round: 200`, `predictor_type: regressor`.
Each such name is another name of one of ours, or says something of the problem, or says what is the case anyway; all
else is refused by name. The tables stand in the files of the learners (`Traits.names`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from windvane.domain.problem import MetricName
from windvane.engine.data.analysis import Analysis
from windvane.engine.learners.catalogue import is_learner, learner
from windvane.engine.learners.names import (
    Alias,
    Counted,
    Counts,
    Fixed,
    Meaning,
    Refused,
    Rule,
    Rules,
    Says,
)
from windvane.errors import CandidateFault

PROBLEM_TYPE, OBJECTIVE = "_problem_type", "_objective"
TARGET, SAMPLE_WEIGHT, FRACTION = "_target", "_sample_weight", "_validation_fraction"
TEXT_COLUMN = "_text_column"
"""Our names of what a table is made of (engine/plan_text.py)."""

_LEFT_TO_US = "auto"
_BOOLEANS = {"True": "true", "False": "false"}


@dataclass(frozen=True)
class Claim:
    """Something that a hyperparameter says of the table; looked at when the table is known.

    name, text    the hyperparameter, as given
    """

    name: str
    text: str
    says: Meaning | Counted

    def check(self, analysis: Analysis) -> None:
        """Check that a claim is true of the table.

        raises    CandidateFault if it is not so
        """
        told = f"The hyperparameter '{self.name}' is {self.text}"
        if isinstance(self.says, Counted):
            found = {
                Counted.CLASSES: analysis.n_classes,
                Counted.COLUMNS: len(analysis.columns),
            }[self.says]
            if _value(self.text) != found:
                raise CandidateFault(f"{told}; the table has {found} {self.says}.")
            return
        meant = self.says
        if meant.problem_type not in (None, analysis.problem_type):
            raise CandidateFault(
                f"{told}, which is for {meant.problem_type}; this is {analysis.problem_type}: "
                f"{analysis.problem_reason}."
            )
        if meant.objective not in (None, analysis.objective):
            raise CandidateFault(
                f"{told}, which is the objective {meant.objective}; the objective of this job is "
                f"{analysis.objective}."
            )
        is_absolute = analysis.objective is MetricName.MAE
        if meant.absolute not in (None, is_absolute):
            instead = "absolute" if is_absolute else "squared"
            raise CandidateFault(
                f"{told}; {instead} errors are minimised where the objective is "
                f"{analysis.objective}: leave '{self.name}' out, or choose "
                f"{'another objective' if is_absolute else 'MAE'}."
            )


@dataclass(frozen=True)
class Translation:
    """Hyperparameters that were given under other names, translated.

    hyperparameters    in our names
    claims             what they say of the table
    """

    hyperparameters: dict[str, str]
    claims: tuple[Claim, ...]


def names_of(algorithm: str) -> Rules:
    """Return the other names that an algorithm's hyperparameters have; none of what is no learner."""
    return learner(algorithm).traits.names if is_learner(algorithm) else {}


def translated(algorithm: str, rules: Rules, given: Mapping[str, str]) -> Translation:
    """Hyperparameters as somebody wrote them, in our names; those without a rule stay as they are.

    rules     the other names there are
    raises    CandidateFault naming one that means nothing here, or two that contradict each other
    """
    made: dict[str, str] = {}
    sources: dict[str, str] = {}
    claims = []
    for name, text in given.items():
        rule = rules.get(name)
        if rule is not None and text.casefold() == _LEFT_TO_US:
            continue
        if isinstance(rule, Counts):
            claims.append(Claim(name, text, rule.what))
        if isinstance(rule, Says):
            claims.append(Claim(name, text, _meaning(algorithm, name, text, rule)))
        for own, value in _own(algorithm, name, text, rule):
            if own in made and _value(made[own]) != _value(value):
                raise CandidateFault(
                    f"The hyperparameters '{sources[own]}' ({given[sources[own]]}) and '{name}' ({text}) contradict "
                    "each other: leave one of them out."
                )
            made[own], sources[own] = value, name
    return Translation(made, tuple(claims))


def _own(algorithm: str, name: str, text: str, rule: Rule | None) -> Iterator[tuple[str, str]]:
    """Yield what a hyperparameter is in our names."""
    if rule is None:
        yield name, _BOOLEANS.get(text, text)
    elif isinstance(rule, Alias):
        yield rule.name, rule.values.get(text, text)
    elif isinstance(rule, Says):
        meant = _meaning(algorithm, name, text, rule)
        if meant.problem_type is not None:
            yield PROBLEM_TYPE, meant.problem_type.value
        if meant.objective is not None:
            yield OBJECTIVE, meant.objective.value
    elif isinstance(rule, Fixed) and not any(_is_same(text, one) for one in rule.values):
        raise CandidateFault(
            f"The hyperparameter '{name}' of {algorithm} is {text}; it can be {' or '.join(rule.values)}: {rule.fact}."
        )
    elif isinstance(rule, Refused):
        raise CandidateFault(
            f"The hyperparameter '{name}' does not apply to {algorithm}: {rule.why}. Leave it out."
        )


def _meaning(algorithm: str, name: str, text: str, rule: Says) -> Meaning:
    for value, meaning in rule.values.items():
        if _is_same(text, value):
            return meaning
    raise CandidateFault(
        f"The hyperparameter '{name}' of {algorithm} is {text}; it can be one of: {', '.join(rule.values)}."
    )


def _is_same(text: str, other: str) -> bool:
    return text.casefold() == other.casefold() or _value(text) == _value(other)


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
