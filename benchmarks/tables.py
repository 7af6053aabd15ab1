"""The tables that are measured on: what is to be predicted, where their files are, and where they come from.

benchmarks/data/index.json tells of each one. Small ones whose licence allows it lie beside it; benchmarks/recipes.py makes
others from public packages; and the environment variable TABLES_DIR names a folder with any of them, as
TABLE/train.csv.gz and TABLE/test.csv.gz.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.records import ROOT, CannotMeasure

DATA = ROOT / "benchmarks" / "data"
MADE = ROOT / "build" / "tables"
"""Where the recipes put what they make, unless they are told otherwise."""

DEVELOPMENT, HELD_OUT = "development", "held-out"
SUITES = (DEVELOPMENT, HELD_OUT)
TEXTS = "texts"
"""Corpora of one column of texts, which benchmarks/texts.py measures on."""


_EXAMPLES = ROOT / "examples"
_PARTS = ("train", "test")
_PROBLEMS = {
    "BinaryClassification": "binary",
    "MulticlassClassification": "multiclass",
    "Regression": "regression",
}


@dataclass(frozen=True)
class Table:
    """A table, whether its files are at hand or not.

    suite    'development': decisions about the engine looked at it; 'held-out': none did; 'texts': a corpus
    problem  as the API calls it: 'BinaryClassification', ...
    sha256   part -> of its CSV file, not packed
    """

    name: str
    suite: str
    target: str
    problem: str
    description: str
    source: str
    licence: str
    sha256: Mapping[str, str]

    @property
    def kind(self) -> str:
        """The problem in a word, as records have it."""
        return _PROBLEMS[self.problem]

    @property
    def folder(self) -> Path | None:
        """Where its files are; None if they are nowhere."""
        places = (one / self.name for one in _folders())
        return next(
            (one for one in places if all(_file(one, part).exists() for part in _PARTS)), None
        )

    def file(self, part: str) -> Path:
        """The gzipped CSV file of a part, 'train' or 'test'.

        raises    CannotMeasure if it is nowhere, or not the file that it should be
        """
        if self.folder is None:
            raise CannotMeasure(
                f"The table {self.name} is not at hand: `python -m benchmarks.recipes {self.name}` makes it if a public "
                "package has it, or TABLES_DIR names a folder with it."
            )
        file = _file(self.folder, part)
        if (found := sum_of(file)) != self.sha256[part]:
            raise CannotMeasure(
                f"{self.name}/{file.name} is not the file that others were measured on: its CSV has the SHA-256 "
                f"{found}, not {self.sha256[part]}."
            )
        return file

    def rows(self, part: str) -> pd.DataFrame:
        """raises    CannotMeasure as `file`"""
        return pd.read_csv(self.file(part))


def every_table(suites: Sequence[str] = SUITES) -> list[Table]:
    """All that there are, in the order of the index."""
    return [table for table in _indexed() if table.suite in suites]


def tables_named(names: Sequence[str]) -> list[Table]:
    """raises    CannotMeasure naming what there is not"""
    known = {table.name: table for table in _indexed()}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise CannotMeasure(
            f"There is no table {', '.join(unknown)}; choose from {', '.join(known)}."
        )
    return [known[name] for name in names]


def tables_at_hand(suites: Sequence[str] = SUITES) -> list[Table]:
    return [table for table in every_table(suites) if table.folder is not None]


def sum_of(file: Path) -> str:
    """SHA-256 of a gzipped file's content."""
    return hashlib.sha256(gzip.decompress(file.read_bytes())).hexdigest()


@cache
def _indexed() -> tuple[Table, ...]:
    entries: list[dict[str, Any]] = json.loads((DATA / "index.json").read_text())["tables"]
    return tuple(Table(**entry) for entry in entries)


def _folders() -> list[Path]:
    named = os.environ.get("TABLES_DIR")
    return [*([Path(named)] if named else []), DATA, _EXAMPLES, MADE]


def _file(folder: Path, part: str) -> Path:
    return folder / f"{part}.csv.gz"
