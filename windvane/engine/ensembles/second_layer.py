"""The second layer of an ensemble: a few small trees over its members' answers, which begin from their pool.

It sees each member's log-odds, or its value, and what the pool makes of them, and moves the pool's log-odds, or its
value. What it is fitted to is in engine/ensembles/stacking.py; here it answers, and is saved and read.

source    Wolpert 1992, "Stacked generalization"
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from windvane.engine.checked import MOST_CLASSES, whole_in
from windvane.engine.columns import FloatMatrix
from windvane.engine.ensembles.pool import logs_of
from windvane.engine.learners.answers import answers_of
from windvane.engine.learners.lightgbm_native import NativeBooster
from windvane.engine.learners.lightgbm_text import read_lightgbm
from windvane.engine.manifest import check_manifest, write_manifest
from windvane.engine.scoring.metrics import Floats
from windvane.errors import CorruptArtifact

Answers = Sequence[NDArray[np.floating[Any]]]
"""Of each member, in the order of the ensemble's weights: (n_rows,) values or (n_rows, n_classes) probabilities."""

LEAST_OF_POOL = 1e-9
"""Of the pool: one that is a single member may rule a class out."""

LARGEST = float(np.finfo(np.float32).max)

_MOST_MEMBERS = 10_000

_KIND = "second-layer"
_FILE = "model.txt"


class SecondLayer:
    """The trees that are trained on the predictions of an ensemble's members.

    text       trees in LightGBM's own format
    n_members  whose answers it takes
    n_classes  0 for values
    raises     CorruptArtifact if the trees are none, or are of other members or classes
    """

    def __init__(self, text: bytes, n_members: int, n_classes: int) -> None:
        self.trees = read_lightgbm(text)
        self._booster = NativeBooster(self.trees)
        self.n_members, self.n_classes = n_members, n_classes
        width = _width(n_classes)
        if (self._booster.width, self._booster.n_features) != (width, (n_members + 1) * width):
            raise CorruptArtifact(
                f"The trees of the second layer take {self._booster.n_features} numbers and give "
                f"{self._booster.width}; {n_members} members of {n_classes} classes need others."
            )

    @property
    def size_bytes(self) -> int:
        return len(self.trees.text)

    def answer(self, answers: Answers, together: Floats) -> Floats:
        """Shaped like `together`.

        together    what the pool makes of the answers
        """
        moved = starting_scores(together) + self._booster.predict(inputs_of(answers, together))
        return answers_of(moved, self.n_classes)

    def save(self, folder: Path) -> None:
        """Into a folder that is made."""
        folder.mkdir()
        (folder / _FILE).write_bytes(self.trees.text)
        about = {"n_members": self.n_members, "n_classes": self.n_classes}
        write_manifest(folder, _KIND, about)


def load_second_layer(folder: Path) -> SecondLayer:
    """Load the second layer of an ensemble.

    raises    CorruptArtifact naming the folder or the file
    """
    about = check_manifest(folder, _KIND)
    file = folder / _FILE
    try:
        n_members = whole_in(about, "n_members", 1, _MOST_MEMBERS)
        n_classes = whole_in(about, "n_classes", 0, MOST_CLASSES)
        return SecondLayer(file.read_bytes(), n_members, n_classes)
    except (OSError, ValueError, CorruptArtifact) as error:
        raise CorruptArtifact(f"{file} holds no second layer: {error}") from error


def starting_scores(together: Floats) -> Floats:
    """Return (n_rows, 1) values or log-odds of the second of two classes, or (n_rows, n_classes) logarithms of
    probabilities."""
    if together.ndim == 1:
        return together[:, None]
    logs = np.log(np.maximum(together, LEAST_OF_POOL))
    return logs[:, 1:] - logs[:, :1] if together.shape[1] == 2 else logs


def inputs_of(answers: Answers, together: Floats) -> FloatMatrix:
    """Return (n_rows, (n_members + 1) * n_scores) what the trees see: scores of each member and of the pool, of three
    classes and more about their mean."""
    columns = [_centred(_scores(one.astype(np.float64))) for one in answers]
    made = np.concatenate([*columns, _centred(starting_scores(together))], axis=1)
    return (made if together.ndim == 2 else made.clip(-LARGEST, LARGEST)).astype(np.float32)


def _scores(answer: Floats) -> Floats:
    if answer.ndim == 1:
        return answer[:, None]
    logs = logs_of(answer)
    return logs[:, 1:] - logs[:, :1] if answer.shape[1] == 2 else logs


def _centred(scores: Floats) -> Floats:
    if scores.shape[1] == 1:
        return scores
    return np.asarray(scores - scores.mean(axis=1, keepdims=True))


def _width(n_classes: int) -> int:
    return n_classes if n_classes > 2 else 1
