"""What the actions of a job exchange, by name, and where each name lies in a task's folder.

    analysis                   what was found out about the table
    dataset                    its rows, target and folds
    recipes/R/F                feature recipe R, fitted on the rows of F: fold0 ..., or full for all rows
    matrices/R/F               what that makes of the table
    candidates/N/outcome       the record of candidate N
    candidates/N/predictions   its out-of-fold predictions
    candidates/N/model         its model of a fold; of an ensemble its second layer, if it has one
    refits/N/outcome ...       the same of a candidate that was trained on all rows
    fewer/outcome ...          the same of the first candidate, trained on fewer rows
    packages                   what answers: transformers and model of the candidate that is kept

And of a forecasting job:

    series                     its rows as regular series
    backtests/M/outcome        what backtests say of model M
    backtests/M/forecasts      its forecasts of their windows
    backtests/M/model          what it has learned from the values before them
    refits/M/model             what it has learned from all values
    ensemble                   weights of the models in their average, what backtests say of it, and its forecasts
    packages                   what answers

A name says nothing of a machine. What it stands for is some files, each at a place of its own below the folder, so that the
engine finds them where its stages look (automl/folders.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from windvane.engine.candidate_io import (
    CANDIDATE_FILES,
    FULL_FIT,
    MATRIX,
    PREDICTIONS,
    RECORD,
    fold_fit,
)
from windvane.engine.forecasting.outcomes import FORECASTS, MODEL, OUTCOME

ANALYSIS, DATASET = "analysis", "dataset"
TABLE = (ANALYSIS, DATASET)
FEWER, PACKAGES = ("fewer/outcome", "fewer/predictions"), "packages"

SERIES, ENSEMBLE = "series", "ensemble"

_ANALYSIS_FILE = "analysis.json"
ANALYSIS_PATH = f"dataset/{_ANALYSIS_FILE}"
"""The one file of the analysis, below a task's folder."""


@dataclass(frozen=True)
class _Kind:
    """Names of one kind, and the files of a folder that they stand for.

    name      with {} for what differs from name to name
    folder    likewise
    only      names of the files and folders in it that belong to it; () means all
    but       names of those that do not
    """

    name: str
    folder: str
    only: tuple[str, ...] = ()
    but: tuple[str, ...] = ()

    def parts_of(self, name: str) -> tuple[str, ...] | None:
        """Return what differs, of a name; None if it is of another kind."""
        return _match(self.name, name)

    def names_in(self, folder: Path) -> Iterator[str]:
        """Return every name of this kind of which there is anything in a task's folder."""
        for root in folder.glob(self.folder.replace("{}", "*")):
            parts = _match(self.folder, root.relative_to(folder).as_posix())
            if parts is not None and self.is_in(root):
                yield self.name.format(*parts)

    def is_in(self, root: Path) -> bool:
        """Return whether there is anything of it in its own folder."""
        return root.is_dir() and any(self.holds(one.name) for one in root.iterdir())

    def holds(self, first: str) -> bool:
        """Return whether a file or folder of its own folder belongs to it."""
        is_hidden = first.startswith(".")
        return not is_hidden and first not in self.but and (not self.only or first in self.only)


_KINDS = (
    _Kind(ANALYSIS, "dataset", only=(_ANALYSIS_FILE,)),
    _Kind(DATASET, "dataset", but=(_ANALYSIS_FILE,)),
    _Kind("recipes/{}/{}", "features/{}/{}", but=(MATRIX,)),
    _Kind("matrices/{}/{}", "features/{}/{}", only=(MATRIX,)),
    _Kind("candidates/{}/outcome", "candidates/{}", only=(RECORD,)),
    _Kind("candidates/{}/predictions", "candidates/{}", only=(PREDICTIONS,)),
    _Kind("candidates/{}/model", "candidates/{}", but=CANDIDATE_FILES),
    _Kind("refits/{}/outcome", "refits/{}", only=(RECORD,)),
    _Kind("refits/{}/predictions", "refits/{}", only=(PREDICTIONS,)),
    _Kind("refits/{}/model", "refits/{}", but=CANDIDATE_FILES),
    _Kind("fewer/outcome", "fewer", only=(RECORD,)),
    _Kind("fewer/predictions", "fewer", only=(PREDICTIONS,)),
    _Kind(PACKAGES, "best"),
    _Kind(SERIES, "series"),
    _Kind("backtests/{}/outcome", "backtests/{}", only=(OUTCOME,)),
    _Kind("backtests/{}/forecasts", "backtests/{}", only=(FORECASTS,)),
    _Kind("backtests/{}/model", "backtests/{}", only=(MODEL,)),
    _Kind(ENSEMBLE, "ensemble"),
)


def fit(recipe: str, name: str) -> tuple[str, str]:
    """Return the names of a fit of a recipe: the recipe, and its matrix."""
    return f"recipes/{recipe}/{name}", f"matrices/{recipe}/{name}"


def fold_fits(recipe: str, folds: Iterable[int]) -> tuple[str, ...]:
    """Return the names of the fits of a recipe on folds."""
    return tuple(name for fold in folds for name in fit(recipe, fold_fit(fold)))


def full_fit(recipe: str) -> tuple[str, str]:
    """Return the names of the fit of a recipe on all rows."""
    return fit(recipe, FULL_FIT)


def outcome(index: int) -> str:
    """Return the name of a candidate's record."""
    return f"candidates/{index}/outcome"


def scored(index: int) -> tuple[str, str]:
    """Return the names of a candidate's record and predictions."""
    return outcome(index), f"candidates/{index}/predictions"


def answering(index: int) -> tuple[str, str]:
    """Return the names of a candidate's record and model."""
    return outcome(index), f"candidates/{index}/model"


def candidate(index: int) -> tuple[str, ...]:
    """Return the names of all that there is of a candidate."""
    return (*scored(index), answering(index)[1])


def refit(index: int) -> tuple[str, ...]:
    """Return the names of all that there is of a candidate that was trained on all rows."""
    return tuple(f"refits/{index}/{part}" for part in ("outcome", "predictions", "model"))


def judged(model: str) -> tuple[str, str]:
    """Return the names of what backtests say of a forecasting model, and of its forecasts."""
    return f"backtests/{model}/outcome", f"backtests/{model}/forecasts"


def backtested(model: str) -> tuple[str, ...]:
    """Return the names of all that there is of a forecasting model that was backtested."""
    return (*judged(model), f"backtests/{model}/model")


def refitted(model: str) -> str:
    """Return the name of what a forecasting model has learned from all values."""
    return f"refits/{model}/model"


def fits_in(names: Iterable[str], recipe: str) -> tuple[str, ...]:
    """Return which fits of a recipe are among names, in their order."""
    prefix = f"recipes/{recipe}/"
    return tuple(name.removeprefix(prefix) for name in names if name.startswith(prefix))


def files_of(folder: Path, name: str) -> Iterator[Path]:
    """Return the files that a name stands for in a task's folder, as paths below it; none if it is not there.

    raises    ValueError if that is no name
    """
    _, root = _found(folder, name)
    for path in sorted(root.rglob("*")):
        below = path.relative_to(folder)
        if belongs(below, name) and path.is_file():
            yield below


def is_there(folder: Path, name: str) -> bool:
    """Return whether there is anything of a name in a task's folder.

    raises    ValueError if that is no name
    """
    kind, root = _found(folder, name)
    return kind.is_in(root)


def belongs(path: Path, name: str) -> bool:
    """Return whether a name stands for a file, by its path below a task's folder.

    raises    ValueError if that is no name
    """
    kind, root = _found(Path(), name)
    return path.is_relative_to(root) and kind.holds((path.relative_to(root).parts or (".",))[0])


def names_in(folder: Path) -> Iterator[str]:
    """Return every name of which there is anything in a task's folder."""
    for kind in _KINDS:
        yield from kind.names_in(folder)


def _found(folder: Path, name: str) -> tuple[_Kind, Path]:
    for kind in _KINDS:
        if (parts := kind.parts_of(name)) is not None:
            return kind, folder / kind.folder.format(*parts)
    raise ValueError(f"{name[:100]!r} is no name of what actions exchange.")


def _match(template: str, text: str) -> tuple[str, ...] | None:
    pattern = re.escape(template).replace(re.escape("{}"), "([A-Za-z0-9_-]+)")
    found = re.fullmatch(pattern, text, re.ASCII)
    return None if found is None else found.groups()
