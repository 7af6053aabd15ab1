"""Where things of a job lie: the local folders of its stages, and the S3 keys that clients see.

Local folders are spelled here, keys by work/layout.py. A folder appears whole, by a rename. Local folders are
removed when the job has ended; what is in S3 stays.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from windvane.artifacts.base import Location, parse_location
from windvane.automl.folders import Folders
from windvane.domain.candidate import ProcessingJob
from windvane.domain.job import AutoMLJob
from windvane.domain.problem import Mode
from windvane.names import derived_suffix, fitted
from windvane.process.beneath import remove_beneath
from windvane.process.volatile import in_memory, memory_folder
from windvane.work import layout

EXPLORATION = "SageMakerAutopilotDataExplorationNotebook"
"""The notebook, and the page and the paper of the same content beside it."""

_ROOT = "work"

_ATTEMPT = re.compile(r"[0-9]{1,18}-[0-9]{1,18}", re.ASCII)
"""source    Task.attempt"""


class Workspace(Folders):
    """The local folders of one job."""

    def remove(self) -> None:
        """Remove everything of the job; what another process adds meanwhile may stay until the next call."""
        remove_beneath(self.folder)


def workspace_of(data_dir: Path, job: AutoMLJob | ProcessingJob) -> Workspace:
    """Return the workspace of a job, below the data folder; that of a job with a key for its volume is in memory, never
    on the disk."""
    suffix = derived_suffix(job.arn, job.created.isoformat())
    root = memory_folder(data_dir) if job.volume_key else data_dir
    return Workspace(root / _ROOT / fitted(job.name.lower(), suffix, 63))


def attempt_folder(data_dir: Path, job: AutoMLJob | ProcessingJob, attempt: str) -> Path:
    """Return the folder of one attempt at a task of a job whose tasks share none. No name of a workspace has a dot."""
    space = workspace_of(data_dir, job).folder
    return space.with_name(f"{space.name}.{attempt}")


def attempt_of(space: Workspace) -> str:
    """Return the attempt whose folder that is; "" for the workspace of a job."""
    found = _ATTEMPT.fullmatch(space.folder.name.partition(".")[2])
    return found[0] if found else ""


def workspaces(data_dir: Path) -> list[Workspace]:
    """Return every one that is there."""
    root = data_dir / _ROOT
    on_disk = list(root.iterdir()) if root.is_dir() else []
    return [Workspace(folder) for folder in (*on_disk, *in_memory(data_dir, _ROOT))]


def cleared(folder: Path) -> Path:
    """Return the path of a folder that is to be made: what an earlier attempt left there is gone."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def scratch(workspace: Workspace, attempt: str) -> Iterator[Path]:
    """Yield a folder for temporary files, gone after the block."""
    folder = workspace.folder / "scratch" / attempt
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class Keys:
    """S3 locations below the job's output root, as work/layout.py lists them, and the names of its step jobs, which are
    part of them.

    The same job has the same names whenever it is asked. `tag` names transformers: a recipe, or what an
    ensemble or the baseline needs of them.
    """

    job: AutoMLJob

    @property
    def root(self) -> Location:
        return parse_location(self.job.output_root)

    @property
    def write_test(self) -> Location:
        return self.root / layout.WRITE_TEST.at()

    @property
    def headers(self) -> Location:
        return self.root / layout.HEADERS.at()

    @property
    def tuning_folder(self) -> Location:
        return self.root / layout.TUNING_DATA.folder()

    @property
    def dataset(self) -> Location:
        """The prefix below which the files of the dataset folder lie."""
        return self.root / layout.DATASET.folder()

    @property
    def sample(self) -> Location:
        return self.root / layout.SAMPLE.at()

    @property
    def split_name(self) -> str:
        """The name of the processing job that reads and splits the data."""
        return f"{self._short}-db-1-{self._hex('split')}"

    def transformers_name(self, tag: str) -> str:
        """Return the name of the training job that fits the transformers."""
        return f"{self._short}-{tag}-1-{self._hex('transformers', tag)}"

    def transform_name(self, tag: str) -> str:
        return f"{self._short}-{tag}-csv-1-{self._hex('transform', tag)}"

    def candidate_name(self, index: int) -> str:
        """Return the name of the candidate and of the training job behind it: AWS numbers trials t1, t2 ... in
        ENSEMBLING mode."""
        number = f"t{index}-1" if self.job.mode is Mode.ENSEMBLING else f"{index:03d}"
        return f"{self.job.name}-{number}-{self._hex('candidate', str(index), n_hex=8)}"

    @property
    def transformers_folder(self) -> Location:
        return self.root / layout.TRANSFORMERS.folder()

    def transformers(self, tag: str) -> Location:
        return self.root / layout.TRANSFORMERS.at(training_job=self.transformers_name(tag))

    def transformed_folder(self, recipe: str) -> Location:
        return self.root / layout.TRANSFORMED.folder(recipe=recipe)

    @property
    def all_transformed(self) -> Location:
        """The folder of what every recipe made."""
        return self.root / layout.TRANSFORMED.folder()

    def transformed(self, recipe: str, part: str, number: int) -> Location:
        """Return where a part of the data is kept that a recipe transformed.

        part    'train' or 'validation'
        """
        return self.root / layout.TRANSFORMED.at(recipe=recipe, part=part, n=str(number))

    def model_folder(self, recipe: str, algorithm: str) -> Location:
        return self.root / layout.MODEL.folder(pipeline=self._pipeline(recipe, algorithm))

    def model(self, index: int, recipe: str, algorithm: str) -> Location:
        return self.root / layout.MODEL.at(
            pipeline=self._pipeline(recipe, algorithm), candidate=self.candidate_name(index)
        )

    def output(self, index: int, recipe: str, algorithm: str) -> Location:
        """Return the output of a candidate, beside the model."""
        return self.root / layout.OUTPUT.at(
            pipeline=self._pipeline(recipe, algorithm), candidate=self.candidate_name(index)
        )

    @property
    def whole_folder(self) -> Location:
        return self.root / layout.WHOLE.folder()

    def whole(self, index: int) -> Location:
        """Transformers and model in one artefact, for a candidate of one container."""
        return self.root / layout.WHOLE.at(candidate=self.candidate_name(index))

    def whole_output(self, index: int) -> Location:
        """Return the whole output, beside it."""
        return self.root / layout.WHOLE_OUTPUT.at(candidate=self.candidate_name(index))

    @property
    def findings(self) -> Location:
        """The file of findings about the series of a forecasting job."""
        return self.root / layout.FINDINGS.at()

    def backtests(self, index: int) -> Location:
        """Return the prefix below which the backtests of a candidate lie."""
        return self.root / layout.BACKTESTS.folder(candidate=self.candidate_name(index))

    @property
    def exploration_name(self) -> str:
        """The name of the processing job that explores the data and writes notebooks."""
        return f"{self._short}-pr-1-{self._hex('notebooks')}"

    @property
    def notebooks(self) -> Location:
        return self.root / layout.NOTEBOOKS.folder(processing_job=self.exploration_name)

    @property
    def definitions(self) -> Location:
        """The prefix below which lie the candidate definitions, by the paths of engine/definitions/define.py."""
        notebooks = layout.NOTEBOOKS.folder(processing_job=self.exploration_name)
        return self.root / notebooks.rpartition("/")[0]

    @property
    def generated_module(self) -> Location:
        """The modules that the candidate definition notebook downloads."""
        return self.root / layout.MODULES.folder(processing_job=self.exploration_name)

    @property
    def explanations(self) -> Location:
        """Clients look for the first key below it and read the next part of its path."""
        return self.root / layout.EXPLANATION.folder()

    @property
    def insights(self) -> Location:
        return self.root / layout.INSIGHTS.folder()

    def predictions(self, index: int) -> Location:
        return self.root / layout.PREDICTIONS.at(candidate=self.candidate_name(index))

    def _pipeline(self, recipe: str, algorithm: str) -> str:
        short = _SHORT_ALGORITHMS.get(algorithm, algorithm)
        return f"{self._short}-{recipe}-{short}" if recipe else f"{self._short}-{short}"

    @property
    def _short(self) -> str:
        return self.job.name[:10].rstrip("-")

    def _hex(self, *parts: str, n_hex: int = 12) -> str:
        return derived_suffix(self.job.arn, self.job.created.isoformat(), *parts, n_hex=n_hex)


_SHORT_ALGORITHMS = {
    "xgboost": "xgb",
    "lightgbm": "gbm",
    "catboost": "cat",
    "linear-learner": "ll",
    "randomforest": "rf",
    "extra-trees": "xt",
    "neighbors": "knn",
}
