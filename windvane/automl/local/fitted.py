"""The model that `AutoML` answers with, and how it is kept in a folder."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from windvane.automl.leaderboard import leaderboard_from_json
from windvane.automl.local.background import keep_background, read_background
from windvane.automl.local.downloaded import unpack_model
from windvane.automl.local.explained import TypedRows
from windvane.automl.local.frame_reader import FrameReader
from windvane.automl.local.job import Job
from windvane.automl.local.leaderboard_frame import leaderboard_frame
from windvane.engine.data.analysis import Analysis
from windvane.engine.manifest import (
    check_manifest,
    each_file_once,
    read_json,
    write_json,
    write_manifest,
)
from windvane.engine.packages.package import Predictor, load_predictor
from windvane.errors import CorruptArtifact, InvalidRequest
from windvane.wording import UNKNOWN, number

_KIND, _BOARD = "automl", "leaderboard.json"

_SHOWN = ["rank", "name", "recipe", "score", "standard_error", "fit_s", "latency_ms", "chosen"]
"""Columns of the leaderboard that notebooks show."""

_MOST_SHOWN = 10
"""Candidates that notebooks show."""


@dataclass(frozen=True)
class Fitted:
    """A fitted model with what belongs to it.

    folder       what `save` copies: transformers/ model/ leaderboard.json analysis.json manifest.json and, if
                 rows are kept, background/
    label_kind   'string', 'integer', 'float' or 'boolean': what predicted labels are
    job          the job's folder, if it was kept
    """

    folder: Path
    predictor: Predictor
    analysis: Analysis
    label_kind: str
    job: Path | None = None

    @cached_property
    def reader(self) -> FrameReader:
        """What reads the columns that the model needs from DataFrames."""
        return FrameReader(self.predictor.columns)

    @property
    def background(self) -> TypedRows | None:
        """TypedRows of the training data that were kept."""
        folder = self.folder / "background"
        return read_background(folder) if folder.exists() else None

    def board(self) -> pd.DataFrame:
        """Return every candidate of its job, best first.

        raises    InvalidRequest if they are not known
        """
        file = self.folder / _BOARD
        if not file.exists():
            raise InvalidRequest(
                "This model was downloaded: other candidates of its job are not known here."
            )
        chosen = int(self.predictor.about["candidate"])
        return leaderboard_frame(leaderboard_from_json(read_json(file)), self.analysis, chosen)

    def to_html(self) -> str:
        """Return the problem and the best candidates as Jupyter shows them; without scripts, texts escaped."""
        analysis = self.analysis
        told = f"{analysis.problem_type} of {analysis.target}; the score is {analysis.objective}."
        if not (self.folder / _BOARD).exists():
            return f"<p>{escape(told)}</p>"
        board = self.board()[_SHOWN].head(_MOST_SHOWN)
        table = board.to_html(index=False, float_format=number, na_rep=UNKNOWN)
        return f"<p>{escape(told)}</p>{table}"


def keep_best(
    job: Job,
    analysis: Analysis,
    background_rows: int,
    label_kind: str,
    about: Mapping[str, Any],
    home: Path,
) -> Fitted:
    """Copy what answers from the job's folder into an existing one.

    about    what it is to say of the arguments that it was made with
    """
    for name in ("transformers", "model"):
        shutil.copytree(job.out / "best" / name, home / name)
    shutil.copy(job.out / _BOARD, home)
    write_json(home / "analysis.json", analysis.to_json())
    if background_rows:
        keep_background(job.folders.dataset, background_rows, home / "background")
    write_manifest(home, _KIND, {"label_kind": label_kind, **about})
    return Fitted(home, _predictor(home), analysis, label_kind)


@each_file_once()
def read_fitted(home: Path) -> tuple[Fitted, Mapping[str, Any]]:
    """Return what `keep_best` or `keep_downloaded` left, and what it says of its arguments.

    raises    CorruptArtifact if any of it is missing, damaged or of another kind
    """
    about = check_manifest(home, _KIND)
    predictor = _predictor(home)
    try:
        analysis = Analysis.from_json(read_json(home / "analysis.json"))
        return Fitted(home, predictor, analysis, str(about["label_kind"])), about
    except (KeyError, TypeError, ValueError) as error:
        raise CorruptArtifact(f"{home} does not describe a model: {error!r}.") from error


def save_copy(home: Path, into: Path) -> None:
    """Copy the folder of a model.

    raises    InvalidRequest if `into` exists and is not an empty folder
    """
    if into.exists() and (not into.is_dir() or any(into.iterdir())):
        raise InvalidRequest(f"{into} already exists; choose a new or empty folder.")
    shutil.copytree(home, into, dirs_exist_ok=True)


def keep_downloaded(source: Path, home: Path) -> None:
    """Put a model of the service, downloaded, into an existing folder; see `unpack_model`."""
    predictor = unpack_model(source, home)
    about = {"label_kind": predictor.schema.label_type, "max_runtime_s": 60}
    write_manifest(home, _KIND, {**about, "max_candidates": None})


def _predictor(home: Path) -> Predictor:
    return load_predictor(home / "transformers", home / "model")
