from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from windvane.domain.problem import ProblemSpec
from windvane.engine.data.analysis import Finding
from windvane.testing.tables import Workshop

N_ROWS = 900


@dataclass
class Found:
    """Called with cells of a column `x` and labels `y`, it tells the findings of a table of them and a harmless
    column, by code."""

    workshop: Workshop
    n_rows: int = N_ROWS
    noise: list[float] = field(default_factory=list)
    other: list[float] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        draw = random.Random(5)
        self.labels = [draw.choice(("no", "yes")) for _ in range(self.n_rows)]
        self.noise, self.other = ([draw.gauss(0, 1) for _ in range(self.n_rows)] for _ in range(2))

    def __call__(
        self,
        cell: Callable[[int], object] | None = None,
        label: Callable[[int], object] | None = None,
    ) -> dict[str, Finding]:
        told_x = cell or (lambda i: f"{self.other[i]:.3f}")
        told_y = label or (lambda i: self.labels[i])
        rows = "".join(f"{self.noise[i]:.6f},{told_x(i)},{told_y(i)}\n" for i in range(self.n_rows))
        return self.of("noise,x,y\n" + rows)

    def of(self, text: str) -> dict[str, Finding]:
        shutil.rmtree(self.workshop.dataset_folder, ignore_errors=True)
        analysis = self.workshop.analyse(text, problem=ProblemSpec("y"))
        return {finding.code: finding for finding in analysis.findings}


@pytest.fixture
def found(workshop: Workshop) -> Found:
    return Found(workshop)
