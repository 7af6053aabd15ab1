"""A forecaster that answers: history in, or names of items, and the steps ahead of each series out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from windvane.engine.columns import ColumnType
from windvane.engine.forecasting.decomposition import decompose
from windvane.engine.forecasting.forecaster import Forecaster, Meanwhile, load_forecaster
from windvane.engine.forecasting.keys import parts_of
from windvane.engine.forecasting.panel import Floats, Panel
from windvane.engine.forecasting.reading import Columns, CovariateEncoding
from windvane.engine.forecasting.requested import requested_series
from windvane.errors import ContentTypeRefused, DataFault, InvalidRequest
from windvane.serving.content_types import (
    EXPLAIN,
    MOST_ANSWER_BYTES,
    SUPPORTED,
    TENSORS,
    asks_for,
    choose_accept,
)
from windvane.serving.forecasting.answers import (
    Cells,
    Told,
    covariates_ahead,
    least_row,
    measure_names,
    measures_of,
    parts_of_mean,
    time_unit,
    written,
)
from windvane.serving.forecasting.request_columns import read_columns
from windvane.serving.model import LocalContainer, called, check_shape, default_accept_of

PROBLEM_TYPE = "TimeSeriesForecasting"
"""What a forecaster's problem is called in its description."""

MOST_STEPS = 5_000_000
"""Steps of all series of a request, after gaps are filled: an array of them takes 40 MB."""

ANSWER_S = 50.0
"""That the forecast of one request may take: less than what a process has for an answer (serving/pool.py)."""

SERIES_AT_ONCE, _EXPLAINED_AT_ONCE = 256, 16
_CLEARLY = 1.2
"""Times the largest answer that one is expected to have which is not made further: rows differ in length."""

_MOST_NAMED = 100


@dataclass(frozen=True)
class ServedForecaster:
    """A forecaster that answers.

    default_accept   content type of an answer when the request leaves the choice
    container_names  as AWS names them in messages: the one container reads, predicts and writes
    clock            seconds that go on
    """

    forecaster: Forecaster
    default_accept: str
    container_names: tuple[str, str, str]
    clock: Callable[[], float] = time.monotonic

    @property
    def wanted(self) -> frozenset[str]:
        """The columns of a request that are not passed over."""
        spec = self.forecaster.prepared.spec
        return frozenset({spec.target, *spec.roles})

    def answer(self, body: bytes, content_type: str, accept: str) -> tuple[bytes, str]:
        """Return the answer to a request body, and its content type.

        raises    InvalidRequest for a body, content type or accept type that the model does not take, and for more series
                  than it forecasts in time or than an answer has room for
        """
        if content_type == TENSORS:
            raise ContentTypeRefused(
                "The model forecasts series, which are no tensors: use InvokeEndpoint."
            )
        media = choose_accept(accept, self.default_accept)
        spec = self.forecaster.prepared.spec
        panel = self.series_of(read_columns(body, content_type, self.wanted), MOST_STEPS)
        bounds = _Bounds(panel.n_series, self.clock)
        bounds.check_rows(panel.n_series * spec.horizon, least_row(spec))
        told = self.tell(panel, explains=asks_for(accept, EXPLAIN), meanwhile=bounds.check_time)
        return bounds.whole(written(bounds.in_time(told), spec, media)), media

    def series_of(self, columns: Columns, most_steps: int) -> Panel:
        """Return the series that rows ask to be forecast.

        raises    InvalidRequest
        """
        try:
            return requested_series(self.forecaster.prepared, columns, most_steps)
        except DataFault as error:
            raise InvalidRequest(str(error)) from error

    def tell(
        self, panel: Panel, *, explains: bool, meanwhile: Meanwhile = lambda _: None
    ) -> Iterator[Told]:
        """Yield series with their forecasts, some at a time.

        explains    also what each mean is made of, and the values of known covariates
        meanwhile   told how many series are done, while others of those that are told of together are left
        raises      InvalidRequest naming an item whose values are too large for a forecast
        """
        spec = self.forecaster.prepared.spec
        unit = time_unit(panel, spec.horizon)
        at_once = _EXPLAINED_AT_ONCE if explains else SERIES_AT_ONCE
        for at in range(0, panel.n_series, at_once):
            part = panel.only(np.arange(at, min(at + at_once, panel.n_series)))
            further = partial(_further, meanwhile, at)
            forecast = measures_of(spec, self.forecaster.forecast(part, further))
            _check_finite(part, forecast)
            measures: dict[str, Cells] = {**forecast}
            if explains:
                measures |= parts_of_mean(decompose(self.forecaster, part, further))
                measures |= covariates_ahead(part, self.forecaster.prepared.known)
            yield Told(part, measures, unit)

    def describe(self) -> dict[str, Any]:
        """Return what it takes and gives, as of a model of a table (serving/model_description.py)."""
        prepared = self.forecaster.prepared
        spec = prepared.spec
        encodings = {one.name: one for one in (*prepared.known, *prepared.static, *prepared.past)}
        roles = {**spec.roles, spec.target: "target"}
        columns = [
            {**self._column(name, encodings.get(name)), "role": role.replace(" ", "-")}
            for name, role in roles.items()
        ]
        return {
            "columns": columns,
            "target": spec.target,
            "problem_type": PROBLEM_TYPE,
            "labels": [],
            "responses": measure_names(spec),
            "media": list(SUPPORTED),
            "default_accept": self.default_accept,
            "algorithm": ", ".join(one.name for one in self.forecaster.members),
            "has_typical_row": False,
        }

    def _column(self, name: str, encoding: CovariateEncoding | None) -> dict[str, Any]:
        prepared = self.forecaster.prepared
        spec = prepared.spec
        kind, n_values = ColumnType.NUMERIC, 0
        values: tuple[str, ...] = ()
        if name == spec.timestamp:
            kind = ColumnType.DATETIME
        elif name == spec.item_id:
            n_parts = 1 + len(spec.group_columns)
            items = {parts_of(item, n_parts)[0]: None for item in prepared.panel.items}
            kind, values, n_values = ColumnType.IDENTIFIER, tuple(items)[:_MOST_NAMED], len(items)
        elif name in spec.group_columns or (encoding is not None and encoding.categories):
            kind = ColumnType.CATEGORICAL
            values = () if encoding is None else encoding.categories
            n_values = len(values)
        return {
            "name": name,
            "type": str(kind),
            "is_used": True,
            "format": "",
            "typical": "",
            "has_missing": name == spec.target,
            "least": None,
            "most": None,
            "values": list(values),
            "n_values": n_values,
        }


@dataclass
class _Bounds:
    """The time and the room that the answer to a request for some series has.

    n_done    series that have been told of
    """

    n_series: int
    clock: Callable[[], float]
    n_done: int = 0
    began: float = field(init=False)

    def __post_init__(self) -> None:
        self.began = self.clock()

    def check_rows(self, n_rows: int, least: int) -> None:
        """Check that rows fit into an answer, before any of them is made.

        least     bytes of a row, at least
        raises    InvalidRequest
        """
        if n_rows * least > MOST_ANSWER_BYTES:
            raise self._too_large(n_rows * least, "at least ")

    def check_time(self, n_done: int) -> None:
        """Check that the time is not over: series of different lengths are forecast one after the other, and how long others take
        is not known.

        raises    InvalidRequest
        """
        if (took_s := self.clock() - self.began) > ANSWER_S:
            raise self._too_long(n_done, took_s)

    def in_time(self, told: Iterable[Told]) -> Iterator[Told]:
        """Yield what is told of series.

        raises    InvalidRequest as soon as it shows that there are too many for the time
        """
        for one in told:
            self.n_done += one.panel.n_series
            took_s = self.clock() - self.began
            if self.n_done < self.n_series and took_s * self.n_series / self.n_done > ANSWER_S:
                raise self._too_long(self.n_done, took_s)
            yield one

    def whole(self, pieces: Iterable[bytes]) -> bytes:
        """Return an answer.

        pieces    of it, one for each that `in_time` yields, and its ends
        raises    InvalidRequest as soon as it shows that it is larger than an answer may be
        """
        made = bytearray()
        for piece in pieces:
            made += piece
            expected = len(made) * self.n_series // max(self.n_done, 1)
            if len(made) > MOST_ANSWER_BYTES or expected > _CLEARLY * MOST_ANSWER_BYTES:
                raise self._too_large(max(len(made), expected), "about ")
        return bytes(made)

    def _too_long(self, n_done: int, took_s: float) -> InvalidRequest:
        most = max(1, int(0.8 * ANSWER_S * n_done / took_s))
        return InvalidRequest(
            f"The forecast of {self.n_series:,} series takes longer than the {ANSWER_S:g} seconds that a request has: "
            f"{n_done:,} took {took_s:.1f} seconds. Send at most {most:,} series at once, or use a transform job."
        )

    def _too_large(self, n_bytes: int, how_exact: str) -> InvalidRequest:
        most = max(1, int(0.8 * MOST_ANSWER_BYTES * self.n_series / n_bytes))
        return InvalidRequest(
            f"The forecast of {self.n_series:,} series takes {how_exact}{n_bytes:,} bytes; an answer can have "
            f"{MOST_ANSWER_BYTES:,}. Send fewer than {most:,} series at once, or use a transform job."
        )


def _further(told: Meanwhile, n_before: int, n_done: int) -> None:
    told(n_before + n_done)


def _check_finite(panel: Panel, measures: Mapping[str, Floats]) -> None:
    """Check that forecasts have finite numbers.

    raises    InvalidRequest naming an item
    """
    is_finite = np.isfinite(np.stack(list(measures.values()))).all(axis=(0, 2))
    if not is_finite.all():
        item = panel.items[int((~is_finite).argmax())]
        raise InvalidRequest(
            f"The forecast of the item '{item}' has no finite numbers: its values are too large."
        )


def load_served_forecaster(container: LocalContainer) -> ServedForecaster:
    """Load the forecaster that the only container of a model holds.

    raises    InvalidRequest if the container is not one that is served, CorruptArtifact
    """
    check_shape([container.environment])
    forecaster, _ = load_forecaster(container.folder)
    name = called(container.name, 1, 1)
    accept = default_accept_of(container.environment)
    return ServedForecaster(forecaster, accept, (name, name, name))
