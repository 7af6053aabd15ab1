"""A candidate's folder: its record and its out-of-fold predictions, written and read.

outcome.json   the record: plan, outcome, threshold, which fit of the recipe the model belongs to
oof.npy        float32 (n_rows,) or (n_rows, n_classes): predictions of rows the model had not seen, else NaN
model/         what FittedModel.save wrote; absent for an ensemble
second_layer/  what SecondLayer.save wrote, of an ensemble that has one
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from windvane.domain.problem import MetricName
from windvane.engine.candidates import Outcome, Plan, Score
from windvane.engine.checked import whole_in
from windvane.engine.scoring.calibration import NO_CHANGE
from windvane.engine.scoring.classweights import ClassWeights
from windvane.engine.scoring.threshold import Decision
from windvane.errors import CorruptArtifact
from windvane.notes.note import Note, notes_to_json
from windvane.notes.untrusted import read_untrusted_note

RECORD, PREDICTIONS = "outcome.json", "oof.npy"
CANDIDATE_FILES = (RECORD, PREDICTIONS)
"""Everything in a candidate's folder but its model."""

FULL_FIT = "full"
"""The fit of a recipe on all rows; `fold_fit` names the others."""

MATRIX = "matrix.npy"
"""What a fit of a recipe makes of the table, in the folder of the fit (engine/training/matrices.py)."""

SECOND_LAYER = "second_layer"


def fold_fit(fold: int) -> str:
    return f"fold{fold}"


@dataclass(frozen=True)
class FoldFits:
    """Facts of the folds' fits that a fit on all rows needs.

    rounds   the median of theirs; 0 where that means nothing
    was_cut  whether time ended one of them
    fold_s   the mean wall clock of one
    found    hyperparameters that validation rows gave (learners/target_transform.py)
    """

    rounds: int
    was_cut: bool
    fold_s: float
    found: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class CandidateRecord:
    """The record of a candidate, besides its models and predictions.

    plan        None for an ensemble
    threshold, class_weights
                how classes are decided from probabilities at the temperature (engine/scoring/threshold.py)
    recipe_fit  the fit of the plan's recipe whose matrix the model takes
    fits        None for an ensemble
    temperature of its probabilities (engine/scoring/calibration.py); an ensemble's is that of its members' mean, each of
                them at its own
    """

    outcome: Outcome
    plan: Plan | None
    threshold: float
    recipe_fit: str = FULL_FIT
    fits: FoldFits | None = None
    temperature: float = NO_CHANGE
    class_weights: ClassWeights = ()

    @property
    def decision(self) -> Decision:
        return Decision(self.threshold, self.class_weights)


def write_candidate(
    folder: Path, record: CandidateRecord, out_of_fold: NDArray[np.floating[Any]]
) -> None:
    """outcome.json and oof.npy into an existing folder."""
    np.save(folder / PREDICTIONS, out_of_fold.astype(np.float32), allow_pickle=False)
    document = {**asdict(record), "outcome": outcome_to_json(record.outcome)}
    (folder / RECORD).write_text(json.dumps(document, indent=1))


def read_candidate(folder: Path) -> CandidateRecord:
    """Read the record of a candidate.

    raises    CorruptArtifact
    """
    file = folder / RECORD
    try:
        document = json.loads(file.read_text())
        plan, fits = document["plan"], document["fits"]
        return CandidateRecord(
            outcome=outcome_from_json(document["outcome"]),
            plan=None if plan is None else Plan(**plan),
            threshold=float(document["threshold"]),
            recipe_fit=str(document["recipe_fit"]),
            fits=None if fits is None else FoldFits(**fits),
            temperature=float(document["temperature"]),
            class_weights=tuple(map(float, document.get("class_weights", ()))),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CorruptArtifact(f"{file} is not the record of a candidate: {error!r}.") from error


def read_out_of_fold(folder: Path) -> NDArray[np.float32]:
    """Read a candidate's out-of-fold predictions.

    raises    CorruptArtifact
    """
    try:
        stored = np.load(folder / PREDICTIONS, mmap_mode="r", allow_pickle=False)
        return np.array(stored, np.float32)
    except (OSError, ValueError, TypeError, EOFError) as error:
        raise CorruptArtifact(f"{folder / PREDICTIONS} cannot be read: {error}.") from error


_MOST_FOLDS = 1_000_000

_MOST = {
    "scores": len(MetricName),
    "train_scores": len(MetricName),
    "members": 1000,
    "stops": 100,
    "second_layer": 100,
}
"""A task may say what it likes of a candidate, and those of all candidates of a job are read whenever one of its tasks ends,
while nobody else may write to the store."""

_MOST_NOTES = 40
"""What each happened because of counts as well: to check one takes much longer than to read it. A candidate has a dozen."""


def outcome_to_json(outcome: Outcome) -> dict[str, Any]:
    """Return an outcome as JSON; `outcome_from_json` reads it, also after keys of `members` became strings."""
    return {**asdict(outcome), "notes": notes_to_json(outcome.notes)}


def outcome_from_json(document: dict[str, Any]) -> Outcome:
    """Read an outcome from JSON.

    raises    KeyError, TypeError or ValueError if it is not an outcome, or has more of anything than one has
    """
    for name, most in _MOST.items():
        if len(document.get(name, ())) > most:
            raise ValueError(f"{name!r} has {len(document[name])} values; {most} are the most")
    return Outcome(
        **{
            **document,
            "folds_used": whole_in(document, "folds_used", 0, _MOST_FOLDS),
            "scores": _scores(document["scores"]),
            "train_scores": _scores(document["train_scores"]),
            "notes": _notes(document["notes"]),
            "members": {int(index): weight for index, weight in document["members"].items()},
        }
    )


def _notes(documents: Sequence[Mapping[str, Any] | str]) -> tuple[Note, ...]:
    n_notes = 0
    for document in documents:
        cause: Any = document
        while cause is not None:
            n_notes += 1
            if n_notes > _MOST_NOTES:
                raise ValueError(f"it has more than {_MOST_NOTES} notes, with their causes")
            cause = cause.get("because") if isinstance(cause, Mapping) else None
    return tuple(map(read_untrusted_note, documents))


def _scores(documents: list[dict[str, Any]]) -> tuple[Score, ...]:
    return tuple(Score(**{**one, "metric": MetricName(one["metric"])}) for one in documents)
