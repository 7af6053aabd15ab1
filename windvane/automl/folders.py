"""Where the actions of a job write, and find what others wrote. engine/stages.py says what stands in each folder."""

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

    def every_features(self) -> dict[str, Path]:
        """Return the folders of the recipes that were fitted to one fold at least, by their names."""
        return {path.name: path for path in sorted(self.folder.glob("features/[!.]*"))}

    def candidate(self, index: int) -> Path:
        """Return the folder of a candidate whose model is of a fold."""
        return self.folder / "candidates" / str(index)

    def every_candidate(self) -> dict[int, Path]:
        """Return the folders of the candidates that have finished, by their indices."""
        found = self.folder.glob("candidates/[0-9]*/outcome.json")
        return dict(sorted((int(file.parent.name), file.parent) for file in found))

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
