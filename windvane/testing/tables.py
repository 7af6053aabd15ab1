"""Small tables written to files, and their analysis: for tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from windvane.domain.problem import ProblemSpec
from windvane.engine.data.analyse import analyse
from windvane.engine.data.analysis import Analysis, ReadOptions, SourceFile, ValidationFiles
from windvane.engine.data.dataset import Dataset, read_dataset

HEADER = "amount,colour,y\n"


def lines(n_rows: int, label: Callable[[int], object] = lambda i: ("no", "yes")[i % 2]) -> str:
    """Return rows of a number, a colour and a label."""
    amounts = np.random.default_rng(0).random(n_rows)
    colours = ("red", "green", "blue")
    return "".join(
        f"{amount:.4f},{colours[int(amount * 1e6) % 3]},{label(i)}\n"
        for i, amount in enumerate(amounts)
    )


@dataclass
class Workshop:
    """Writes files into a folder of its own and analyses them."""

    folder: Path
    options: ReadOptions

    def files(self, *contents: str | bytes) -> list[SourceFile]:
        files = []
        for i, content in enumerate(contents):
            path = self.folder / f"part-{i}.csv"
            path.write_bytes(content.encode() if isinstance(content, str) else content)
            files.append(SourceFile(path, f"s3://bucket/data/part-{i}.csv"))
        return files

    def analyse(
        self,
        *contents: str | bytes,
        problem: ProblemSpec | None = None,
        validation: str | None = None,
        **options: Any,
    ) -> Analysis:
        """Analyse a table that is given as the texts of its files.

        validation    text of a CSV file that is a validation set of its own
        """
        chosen = replace(self.options, **options)
        spec = problem or ProblemSpec("y")
        held_out = None
        if validation is not None:
            path = self.folder / "part-validation.csv"
            path.write_text(validation)
            held_out = ValidationFiles((SourceFile(path, "s3://bucket/held-out/v.csv"),))
        return analyse(self.files(*contents), chosen, spec, self.dataset_folder, held_out)

    @property
    def dataset_folder(self) -> Path:
        return self.folder / "dataset"

    def dataset(self) -> Dataset:
        return read_dataset(self.dataset_folder)

    def left_over(self) -> list[str]:
        """Return what lies in the folder besides the input."""
        return [path.name for path in self.folder.iterdir() if not path.name.startswith("part-")]
