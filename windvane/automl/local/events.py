"""What a running job tells, as JSON objects with the members `event` and `elapsed_s`:

stage      stage ('analysis', 'search', 'ensemble', 'refit', 'packing' or 'reports'), state ('started' or 'ended')
analysed   problem_type, problem_reason, objective, n_rows, n_features, n_folds, n_findings
prepared   of a forecasting job: n_series, n_values, frequency, objective, n_findings
candidate  state ('started', 'finished' or 'failed'), index, algorithm; once finished: objective,
           standard_error, fit_s and best (the index of the best so far); if it failed: reason
report     report (its kind), state (its fate) and note, as automl/local/report_request.py has them
definitions  what became of the candidate definitions: state and note, likewise
done       best (index of the one that is kept), ended (why no further candidates were tried: 'candidates' or
           'runtime'), note (what is to be told about the choice; "" if nothing)
failed     error ('DataFault' or 'JobFault'), text
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Event = dict[str, Any]
OnEvent = Callable[[Event], None]


class EventEmitter:
    """Adds the time since the job began to what is told."""

    def __init__(self, started: float, on_event: OnEvent) -> None:
        self._started, self._on_event = started, on_event

    def tell(self, event: str, **facts: str | float | None) -> None:
        elapsed_s = round(time.time() - self._started, 3)
        self._on_event({"event": event, "elapsed_s": elapsed_s, **facts})

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        self.tell("stage", stage=name, state="started")
        yield
        self.tell("stage", stage=name, state="ended")
