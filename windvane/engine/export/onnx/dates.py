"""Dates as parts of an ONNX graph: seconds since 1970 to what the transformers of features/dates.py make of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from windvane.engine.export.onnx.graph import Graph, Name
from windvane.engine.features.dates import CYCLES, DAY, FIRST, LAST, DateCycles, DateParts

_DAYS_BEFORE_1970 = 719_162
"""From the first day of year 1. Whole numbers are counted from there, so that none is negative: ONNX divides towards 0."""


def parts(graph: Graph, fitted: DateParts) -> Name:
    """Return the features of a column, (n_rows, n), float32."""
    raw = graph.numbers(fitted.source)
    missing = graph.op("IsNaN", [raw])
    known = _known(graph, raw, missing, 0.0)
    told = _calendar(graph, known)
    wanted = [graph.floats(told[i]) for i in fitted.kept_]
    since = graph.op("Sub", [known, graph.constant(fitted.start_)])
    wanted.append(graph.floats(graph.op("Div", [since, graph.constant(float(DAY))])))
    fill = graph.constant([fitted.fill_], np.float32)
    return graph.op("Where", [missing, fill, graph.side_by_side(wanted)])


def cycles(graph: Graph, fitted: DateCycles) -> Name:
    """Return the features of a column, (n_rows, n), float32."""
    raw = graph.numbers(fitted.source)
    missing = graph.op("IsNaN", [raw])
    known = _known(graph, raw, missing, fitted.mean_)
    told = _calendar(graph, known)
    centred = graph.op(
        "Sub", [graph.within(known, fitted.low_, fitted.high_), graph.constant(fitted.mean_)]
    )
    wanted = [graph.floats(graph.op("Div", [centred, graph.constant(fitted.scale_)]))]
    for wave, (part, _, first) in zip(fitted.waves, CYCLES, strict=True):
        place = graph.op("Sub", [told[part], graph.constant(first, np.int64)])
        row = graph.op("Squeeze", [place, graph.constant([1], np.int64)])
        wanted.append(graph.op("Gather", [graph.constant(wave, np.float32), row]))
    zero = graph.constant(0, np.float32)
    made = graph.op("Where", [missing, zero, graph.side_by_side(wanted)])
    return graph.side_by_side([made, graph.floats(missing)]) if fitted.flagged_ else made


def _known(graph: Graph, raw: Name, missing: Name, instead: float) -> Name:
    return graph.within(graph.op("Where", [missing, graph.constant(instead), raw]), FIRST, LAST)


@dataclass(frozen=True)
class _Whole:
    """A whole number, (n_rows, 1), which is never negative, with the operations of Python's."""

    graph: Graph
    name: Name

    def __add__(self, other: _Whole | int) -> _Whole:
        return self._with("Add", other)

    def __sub__(self, other: _Whole | int) -> _Whole:
        return self._with("Sub", other)

    def __mul__(self, other: int) -> _Whole:
        return self._with("Mul", other)

    def __floordiv__(self, other: int) -> _Whole:
        return self._with("Div", other)

    def __mod__(self, other: int) -> _Whole:
        return self._with("Mod", other)

    def at_most(self, other: int) -> _Whole:
        """Return 1 or 0."""
        limit = self.graph.constant(other, np.int64)
        told = self.graph.op("LessOrEqual", [self.name, limit])
        return _Whole(self.graph, self.graph.whole(told))

    def _with(self, kind: str, other: _Whole | int) -> _Whole:
        graph = self.graph
        second = graph.constant(other, np.int64) if isinstance(other, int) else other.name
        return _Whole(graph, graph.op(kind, [self.name, second]))


def _calendar(graph: Graph, seconds: Name) -> list[Name]:
    """Return the same as `calendar` in features/dates.py, of seconds within FIRST and LAST."""
    whole = _Whole(graph, graph.whole(graph.op("Floor", [seconds])))
    second = whole + _DAYS_BEFORE_1970 * DAY
    days = second // DAY
    shifted = days + 306
    era = shifted // 146_097
    day_of_era = shifted - era * 146_097
    year_of_era = (
        day_of_era - day_of_era // 1_460 + day_of_era // 36_524 - day_of_era // 146_096
    ) // 365
    day_from_march = day_of_era - (year_of_era * 365 + year_of_era // 4 - year_of_era // 100)
    month_from_march = (day_from_march * 5 + 2) // 153
    day = day_from_march - (month_from_march * 153 + 2) // 5 + 1
    month = (month_from_march + 2) % 12 + 1
    year = year_of_era + era * 400 + month.at_most(2)
    before = year - 1
    new_year = before * 365 + before // 4 - before // 100 + before // 400
    hour = second % DAY // 3_600
    return [one.name for one in (year, month, day, days % 7, days - new_year + 1, hour)]
