"""What a transform job writes for each record: the answer, by itself or after its input, and of that what is wanted."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from windvane.domain.jsonpath import JsonPath, NothingThere
from windvane.engine.packages.package import Predictions
from windvane.errors import InvalidRequest
from windvane.serving.answers import Key, Selection, csv_field, write_answer
from windvane.serving.content_types import CSV, JSON, JSON_LINES

INPUT, OUTPUT = "SageMakerInput", "SageMakerOutput"

_QUOTED_ENDS = "\r\n"
"""The csv module quotes a field that holds one of these."""


class Records(Protocol):
    """Records of the input."""

    @property
    def lines(self) -> Sequence[str]:
        """Each as it stands there, without the end of its line."""


@dataclass(frozen=True)
class Output:
    """The format of a transform job's predictions.

    media       of the answers
    joins       the input stands before its answer
    path        of what is written
    is_single   an answer in JSON is a document for each record, not one for all that were sent together
    ends_lines  each document ends with a newline; lines do anyway
    """

    selection: Selection
    media: str
    joins: bool
    path: JsonPath
    is_single: bool
    ends_lines: bool

    def of_rows(self, predictions: Predictions, records: Records, first_row: int) -> bytes:
        """Return the output for records that are a row each."""
        if not self.joins and self.path.is_whole and not (self.is_single and self.media == JSON):
            if self.media == CSV:
                return write_csv(predictions, self.selection)
            answer = write_answer(predictions, self.selection, self.media)
            return answer + self._end if self.media == JSON else answer
        if self.media == CSV:
            return self._rows_of_csv(predictions, records, first_row)
        answers = self._documents(predictions)
        inputs = records.lines if self.joins else [""] * len(answers)
        made = (
            self._document(text, answer, number)
            for number, (text, answer) in enumerate(zip(inputs, answers, strict=True), first_row)
        )
        end = b"\n" if self.media == JSON_LINES else self._end
        return b"".join(text.encode() + end for text in made)

    def of_document(self, predictions: Predictions, text: str, number: int) -> bytes:
        """Return the output for a record that holds any number of rows.

        text    the record
        """
        answer = write_answer(predictions, self.selection, self.media)
        if not self.joins and self.path.is_whole:
            return answer + self._end if self.media == JSON else answer
        return self._document(text, answer.decode(), number).encode() + self._end

    @property
    def _end(self) -> bytes:
        return b"\n" if self.ends_lines else b""

    def _documents(self, predictions: Predictions) -> list[str]:
        """Return the answer to each row, in JSON."""
        text = write_answer(predictions, self.selection, JSON_LINES).decode()
        lines = text.removesuffix("\n").split("\n")
        if self.media == JSON_LINES:
            return lines
        if self.is_single or self.joins:
            return [f'{{"predictions": [{line}]}}' for line in lines]
        return [f'{{"predictions": [{", ".join(lines)}]}}']

    def _document(self, text: str, answer: str, number: int) -> str:
        made = json.loads(answer)
        if self.joins:
            given = json.loads(text)
            made = (
                {**given, OUTPUT: made} if isinstance(given, dict) else {INPUT: given, OUTPUT: made}
            )
        return json.dumps(self._chosen(lambda: self.path.of(made), number))

    def _rows_of_csv(self, predictions: Predictions, records: Records, first_row: int) -> bytes:
        answer = write_csv(predictions, self.selection).decode()
        if self.joins and self.path.is_whole:
            joined = zip(records.lines, self._lines(answer), strict=True)
            return "".join(f"{line},{own}\n" for line, own in joined).encode()
        answers = _cells(answer)
        inputs = [_row(line) for line in records.lines] if self.joins else [[]] * len(answers)
        pairs = zip(inputs, answers, strict=True)
        made = (self._picked([*given, *own], n) for n, (given, own) in enumerate(pairs, first_row))
        return "".join(f"{line}\n" for line in made).encode()

    def _picked(self, cells: list[str], number: int) -> str:
        places = self._chosen(lambda: self.path.columns(len(cells)), number)
        return _written([cells[place] for place in places])

    def _lines(self, answer: str) -> list[str]:
        """Return the lines of an answer in CSV; a label may hold newlines."""
        if not any(end in label for label in self.selection.labels for end in "\r\n"):
            return answer.removesuffix("\n").split("\n")
        return [_written(cells) for cells in _cells(answer)]

    def _chosen(self, choose: Callable[[], Any], number: int) -> Any:
        try:
            return choose()
        except NothingThere as fault:
            raise InvalidRequest(
                f"Row {number} with its answer does not fit OutputFilter '{self.path.text}': {fault}."
            ) from fault


def write_csv(predictions: Predictions, selection: Selection) -> bytes:
    """Return what `write_answer` makes of many rows in CSV, in a third of the time where each value is a label or a
    number."""
    columns = list(_columns(predictions, selection))
    if len(columns) < max(1, len(selection.keys)):
        return write_answer(predictions, selection, CSV)
    lines = columns[0] if len(columns) == 1 else map(",".join, zip(*columns, strict=True))
    return ("\n".join(lines) + "\n").encode()


def _columns(predictions: Predictions, selection: Selection) -> Iterator[Iterable[str]]:
    """Yield the fields of each key that has one for a row."""
    if not selection.labels:
        yield map(repr, predictions.values.tolist())
        return
    rows = np.arange(len(predictions.classes))
    for key in selection.keys:
        if key is Key.PREDICTED_LABEL:
            fields = [csv_field(label) for label in selection.labels]
            yield [fields[index] for index in predictions.classes.tolist()]
        elif key is Key.PROBABILITY:
            columns = 1 if selection.is_of_positive else predictions.classes
            yield map(repr, predictions.probabilities[rows, columns].tolist())


def _cells(answer: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(answer, newline=""), strict=True))


def _row(line: str) -> list[str]:
    """Return the cells of one record; a blank one is an empty cell."""
    rows = _cells(line)
    return rows[0] if rows and rows[0] else [""]


def _written(cells: Sequence[str]) -> str:
    line = io.StringIO(newline="")
    csv.writer(line, lineterminator=_QUOTED_ENDS).writerow(cells)
    return line.getvalue().removesuffix(_QUOTED_ENDS)
