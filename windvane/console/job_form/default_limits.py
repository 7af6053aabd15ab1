"""The limits that a job has if its form names none."""

from __future__ import annotations

from dataclasses import dataclass

from windvane.console.job_form.time_limit import limit_text


@dataclass(frozen=True)
class DefaultLimits:
    """The maximum number of candidates and the time limit of jobs that name none, from the server's configuration."""

    candidates: int
    runtime_s: int

    @property
    def time_limit(self) -> str:
        """The time limit as the form writes it."""
        return limit_text(self.runtime_s)
