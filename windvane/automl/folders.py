"""Where in its folder an action of a job finds what it reads, and writes. engine/stages.py says what stands in each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Folders:
    """The folders of one job; each appears whole, by a rename.

    folder    that they are in
    """

    folder: Path

    @property
    def dataset(self) -> Path:
        """The table as it was read."""
        return self.folder / "dataset"

    def features(self, recipe: str) -> Path:
        """Return the folder of a feature recipe, which is named after it."""
        return self.folder / "features" / recipe

    def candidate(self, index: int) -> Path:
        """Return the folder of a candidate whose model is of a fold."""
        return self.folder / "candidates" / str(index)

    def refit(self, index: int) -> Path:
        """Return the folder of a candidate whose model is of all rows."""
        return self.folder / "refits" / str(index)

    @property
    def fewer(self) -> Path:
        """The first candidate again, learnt from fewer rows."""
        return self.folder / "fewer"

    @property
    def best(self) -> Path:
        """The packages of the candidate that is kept."""
        return self.folder / "best"
