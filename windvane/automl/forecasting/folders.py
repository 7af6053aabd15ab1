"""Where in its folder an action of a forecasting job finds what it reads, and writes. engine/forecasting/stages.py says what stands
in each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ForecastFolders:
    """The folders of one forecasting job.

    folder    that they are in
    """

    folder: Path

    @property
    def series(self) -> Path:
        """The rows as regular series."""
        return self.folder / "series"

    def backtest(self, model: str) -> Path:
        """Return the folder of a model that was backtested."""
        return self.folder / "backtests" / model

    @property
    def ensemble(self) -> Path:
        """The average of the models."""
        return self.folder / "ensemble"

    def refit(self, model: str) -> Path:
        """Return the folder of what a model has learned from all values."""
        return self.folder / "refits" / model

    @property
    def package(self) -> Path:
        """The folder of the packed forecaster."""
        return self.folder / "best"
