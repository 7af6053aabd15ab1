"""Predictions of one model, by Python (3.11 or newer) and NumPy alone.

    python score.py rows.csv > predictions.csv

rows.csv has a header with the names of the columns, in any order; other columns are passed over. An empty cell is a missing
value. The answer has a row for each: the predicted label and the probability of each class, or the predicted value. From Python:

    from score import Model
    model = Model()
    list(model.predict([{"age": "41", "job": "technician"}]))

The code is part of Windvane, under the Apache License, Version 2.0.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TextIO

from windvane.engine.packages.loading import load_predictor
from windvane.errors import WindvaneError

HERE = Path(__file__).resolve().parent
ROWS_AT_ONCE = 100

Row = Mapping[str, str | None]


class Model:
    """The model beside this file.

    columns    names of the columns of a row
    labels     class labels; of two, the second is positive. () for regression
    header     names of the parts of an answer
    """

    def __init__(self, folder: Path = HERE / "package") -> None:
        self._predictor = load_predictor(folder / "transformers", folder / "model")
        schema = self._predictor.schema
        self.columns, self.labels = schema.features, schema.labels
        chances = [f"probability of {label}" for label in self.labels]
        self.header = ["predicted_label", *chances] if self.labels else ["predicted_value"]

    def predict(self, rows: Iterable[Row]) -> Iterator[list[str | float]]:
        """Yield an answer for each row, as `header` says.

        rows      cells by the names of their columns, as text; None, "" and columns that are left out are missing
        raises    WindvaneError naming a cell that cannot be read
        """
        rest = iter(rows)
        while block := list(islice(rest, ROWS_AT_ONCE)):
            cells = [[row.get(name) for name in self.columns] for row in block]
            yield from self._answers(cells)

    def _answers(self, cells: Sequence[Sequence[str | None]]) -> list[list[str | float]]:
        found = self._predictor.predict(cells)
        if not self.labels:
            return [[value] for value in found.values.tolist()]
        labels = [self.labels[place] for place in found.classes.tolist()]
        chances = found.probabilities.tolist()
        return [[label, *row] for label, row in zip(labels, chances, strict=True)]


def _check_columns(model: Model, found: Sequence[str]) -> None:
    missing = [name for name in model.columns if name not in found]
    if missing:
        raise WindvaneError(f"The file has no column {missing[0]!r}.")


def main(arguments: Sequence[str], out: TextIO) -> int:
    """Answer the rows of a file; return the exit code."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python score.py rows.csv > predictions.csv\n")
        return 2
    try:
        with Path(arguments[0]).open(newline="", encoding="utf-8-sig") as file:
            model, rows = Model(), csv.DictReader(file, strict=True)
            _check_columns(model, rows.fieldnames or ())
            answers = csv.writer(out, lineterminator="\n")
            answers.writerow(model.header)
            answers.writerows(model.predict(rows))
    except (OSError, UnicodeDecodeError, csv.Error, WindvaneError) as error:
        sys.stderr.write(f"score.py: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:], sys.stdout))
