"""The model that `AutoML` answers with."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from windvane.engine.data.analysis import Analysis
from windvane.engine.local.background import keep_background, read_background
from windvane.engine.local.explained import Rows
from windvane.engine.local.job import Job
from windvane.engine.manifest import write_json
from windvane.engine.packages.package import Predictor


@dataclass(frozen=True)
class Fitted:
    """folder       what `save` copies: transformers/ model/ leaderboard.json analysis.json manifest.json and, if
                 rows are kept, background/
    label_kind   'string', 'integer', 'float' or 'boolean': what predicted labels are
    job          the job's folder, if it was kept
    """

    folder: Path
    predictor: Predictor
    analysis: Analysis
    label_kind: str
    job: Path | None = None

    @property
    def background(self) -> Rows | None:
        """Rows of the training data that were kept."""
        folder = self.folder / "background"
        return read_background(folder) if folder.exists() else None


def keep_best(job: Job, analysis: Analysis, background_rows: int, home: Path) -> None:
    """Copy what answers from the job's folder into an existing one, all but its manifest."""
    for name in ("transformers", "model"):
        shutil.copytree(job.out / "best" / name, home / name)
    shutil.copy(job.out / "leaderboard.json", home)
    write_json(home / "analysis.json", analysis.to_json())
    if background_rows:
        keep_background(job.dataset, background_rows, home / "background")
