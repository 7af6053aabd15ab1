"""What a candidate is, in the plain words of the candidate definition notebook."""

from __future__ import annotations

from typing import Any

from windvane.api.answers import present
from windvane.domain.candidate import Candidate
from windvane.domain.images import ENSEMBLE
from windvane.domain.job import AutoMLJob
from windvane.engine.columns import ColumnType
from windvane.engine.definitions.words import TRANSFORMERS, transformers_for
from windvane.engine.features.cards import RecipeCard, recipe_card
from windvane.engine.learners.catalogue import learner

_ENSEMBLE_TITLE = "weighted ensemble of candidates"
_ENSEMBLE_WORDS = "The predictions of the members are averaged with fixed weights, which were fitted on their out-of-fold predictions."

_AVERAGE_WORDS = (
    "The forecasts of the members are averaged at every quantile, with weights that were fitted on their backtests; then the "
    "intervals are made wider or narrower by what was best there."
)


def in_words(job: AutoMLJob, candidate: Candidate) -> dict[str, Any]:
    """Return the members of CandidateDescription that say it in sentences."""
    title, description = (_model if job.is_forecast else _algorithm)(candidate)
    return {
        "AlgorithmTitle": title,
        "AlgorithmDescription": description,
        **_recipe(job, candidate),
    }


def _algorithm(candidate: Candidate) -> tuple[str, str]:
    if candidate.algorithm == ENSEMBLE:
        return _ENSEMBLE_TITLE, _ENSEMBLE_WORDS
    card = learner(candidate.algorithm)
    return card.title, card.description


def _model(candidate: Candidate) -> tuple[str, str]:
    """Return what a candidate of a forecasting job is: its record says it, of all but the average."""
    if candidate.algorithm == ENSEMBLE:
        return _ENSEMBLE_TITLE, _AVERAGE_WORDS
    return candidate.algorithm, candidate.why


def _recipe(job: AutoMLJob, candidate: Candidate) -> dict[str, Any]:
    if not candidate.recipe:
        return {}
    card = recipe_card(candidate.recipe)
    is_classifier = job.problem_type is not None and job.problem_type.is_classification
    return {
        "RecipeTitle": card.title,
        "RecipeDescription": card.description,
        **present(Transformers=_transformers(card, 2 if is_classifier else 0)),
    }


def _transformers(card: RecipeCard, n_classes: int) -> list[dict[str, Any]]:
    return [
        {"ColumnType": of.value, "Name": name, "Description": TRANSFORMERS[name]}
        for of in ColumnType
        for name in transformers_for(card, of, n_classes)
    ]
