"""What the tasks of jobs have left for each other, as the server sees it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from windvane.automl import names
from windvane.domain.candidate import ProcessingJob
from windvane.domain.job import AutoMLJob
from windvane.errors import CorruptArtifact
from windvane.process.beneath import read_beneath
from windvane.work.exchange import InFolder
from windvane.work.workspace import workspace_of

_MOST_ANALYSIS = 1 << 28
"""Bytes. Of 10,000 columns it has 6 MB if they are numbers or levels; if all are long texts, 130 MB where each character takes
six bytes. Once a task of a worker that died is given back it is read in a transaction."""


@dataclass(frozen=True)
class Exchanges:
    """data_dir    below which the workspaces of jobs are"""

    data_dir: Path

    def analysis(self, job: AutoMLJob, _attempt: str) -> bytes:
        """Return the analysis that an attempt has published. A task may have left anything in its place.

        raises    CorruptArtifact if it is not there, is no file, or is larger than one is
        """
        try:
            return read_beneath(self.where(job).folder, names.ANALYSIS_PATH, _MOST_ANALYSIS)
        except (OSError, ValueError) as error:
            raise CorruptArtifact(f"The analysis of the data cannot be read: {error}") from error

    def is_lost(self, job: AutoMLJob) -> bool:
        """Return whether what tasks of a job have published is gone, since it was in memory and the machine went off. What is
        in the place of the data set may be anything that a task put there: it is not followed."""
        return bool(job.volume_key) and not os.path.lexists(self.where(job).folder / "dataset")

    def where(self, job: AutoMLJob | ProcessingJob) -> InFolder:
        """Return where the tasks of a job exchange what they make."""
        return InFolder(workspace_of(self.data_dir, job).folder)
