"""Bodies of the versions in which forecasts and classes of texts came: what there was before stays as it is."""

from __future__ import annotations

from typing import Any

_Body = dict[str, Any]


def with_forecasts(body: _Body) -> _Body:
    """Return the body of a job, whose problem may also be a forecast now, or of a record with metrics of them."""
    return body


def with_texts(body: _Body) -> _Body:
    """Return the body of a job, whose problem may also be one of texts now."""
    return body


def with_backtests(body: _Body) -> _Body:
    """Return the body of a candidate, which has results of backtests now."""
    return {**body, "backtest_results": ""}
