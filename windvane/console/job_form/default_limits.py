"""The limits that a job has if its form names none."""

from __future__ import annotations

from dataclasses import dataclass

from windvane.console.job_form.time_limit import limit_text


@dataclass(frozen=True)
class DefaultLimits:
    """What this server gives to jobs that leave it open, by its configuration."""

    candidates: int
    runtime_s: int

    @property
    def time_limit(self) -> str:
        """The time limit as the form writes it."""
        return limit_text(self.runtime_s)
