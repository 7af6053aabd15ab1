"""What a package says of its table, checked; and its model tried on two rows before anybody asks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from windvane.domain.problem import ProblemType
from windvane.engine.checked import MOST_CLASSES, MOST_FEATURES, flag_in, shown, text_in, texts_in
from windvane.engine.columns import FloatMatrix
from windvane.engine.data.dates import EPOCH_MILLISECONDS, EPOCH_SECONDS, FORMATS
from windvane.engine.data.parse import LENIENT
from windvane.engine.features.base import Feature
from windvane.engine.learners.base import FittedModel
from windvane.errors import CorruptArtifact

_LONGEST_NAME = 1 << 16
_LABEL_TYPES = ("string", "integer", "float", "boolean")
_DATE_FORMATS = frozenset({*FORMATS, EPOCH_SECONDS, EPOCH_MILLISECONDS})
_LARGE = 1e6
_TEXTS = ("thousands", "decimal", "affix")


class _Table(Protocol):
    @property
    def features(self) -> tuple[str, ...]: ...
    @property
    def labels(self) -> tuple[str, ...]: ...
    @property
    def label_type(self) -> str: ...
    @property
    def problem_type(self) -> str: ...


def check_schema(schema: _Table) -> None:
    """Check the columns and labels of a model.

    raises    ValueError if there can be no such table
    """
    names, labels = schema.features, schema.labels
    if not 1 <= len(names) <= MOST_FEATURES or len(set(names)) != len(names):
        raise ValueError(f"{len(names)} columns, or one of them twice")
    if len(labels) > MOST_CLASSES or len(set(labels)) != len(labels):
        raise ValueError(f"{len(labels)} labels, or one of them twice")
    if any(len(one) > _LONGEST_NAME for one in (*names, *labels)):
        raise ValueError(f"a name of more than {_LONGEST_NAME} characters")
    if schema.label_type not in _LABEL_TYPES:
        raise ValueError(f"the label type {shown(schema.label_type)}")
    least, most = _N_LABELS[ProblemType(schema.problem_type)]
    if not least <= len(labels) <= most:
        raise ValueError(f"{len(labels)} labels for {schema.problem_type}")


_N_LABELS = {
    ProblemType.REGRESSION: (0, 0),
    ProblemType.BINARY: (2, 2),
    ProblemType.MULTICLASS: (2, MOST_CLASSES),
}


def checked_parse(parse: Any) -> dict[str, Any]:
    """Return how a column's cells are read, as it is.

    raises    ValueError if that is not one of the ways there are: a format of dates becomes a regular expression
    """
    if type(parse) is not dict:
        raise ValueError(f"'parse' is {shown(parse)}; it must be an object")
    for name in _TEXTS:
        if name in parse:
            text_in(parse, name)
    if "missing" in parse:
        texts_in(parse, "missing")
    if LENIENT in parse:
        flag_in(parse, LENIENT)
    if "formats" in parse:
        for one in texts_in(parse, "formats"):
            if one not in _DATE_FORMATS:
                raise ValueError(f"the format of dates {shown(one)}, which is not known")
    return parse


def check_answers(
    model: FittedModel, features: Sequence[Feature], n_classes: int, called: str
) -> None:
    """Check that a model answers two rows, one of them with the last code of every category and large numbers, in the
    shape that the labels ask for, with numbers.

    features   of the matrix it takes
    called     what it is in messages
    raises     CorruptArtifact
    """
    shape = (1, n_classes) if n_classes else (1,)
    for row in _two_rows(features):
        try:
            with np.errstate(all="ignore"):
                answer = model.predict(row[None])
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            raise CorruptArtifact(
                f"{called} cannot answer a row of its recipe: {error}."
            ) from error
        if answer.shape != shape:
            raise CorruptArtifact(
                f"{called} answers numbers of the shape {answer.shape[1:]} for a row; {n_classes} labels need {shape[1:]}."
            )
        if not np.isfinite(answer).all():
            raise CorruptArtifact(
                f"{called} answers {answer[~np.isfinite(answer)][0]}, which is no number."
            )


def _two_rows(features: Sequence[Feature]) -> FloatMatrix:
    last = [feature.cardinality - 1 if feature.cardinality else _LARGE for feature in features]
    return np.array([[0] * len(last), last], np.float32)
