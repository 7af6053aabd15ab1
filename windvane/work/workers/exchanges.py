"""Where the tasks of jobs exchange what they make, and what they have left there, as the server sees it."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from windvane.artifacts.base import Artifacts, Location
from windvane.artifacts.resumed import ResumedObject
from windvane.automl import names
from windvane.automl.exchange import missing
from windvane.domain.candidate import ProcessingJob
from windvane.domain.job import AutoMLJob
from windvane.engine.packages.tarball import unpack_file
from windvane.errors import CorruptArtifact
from windvane.process.beneath import read_beneath
from windvane.store.base import Store
from windvane.work.exchange import InFolder, InStore, Where, edition
from windvane.work.workers.config import WorkConfig
from windvane.work.workspace import workspace_of

_LOG = logging.getLogger(__name__)

_MOST_ANALYSIS = 1 << 28
"""Bytes. Of 10,000 columns it has 6 MB if they are numbers or levels; if all are long texts, 130 MB where each character takes
six bytes. Once a task of a worker that died is given back it is read in a transaction."""

_OUT_OF_REACH = (OSError, BotoCoreError, ClientError)

Job = AutoMLJob | ProcessingJob


class OutOfReach(OSError):
    """The store of artefacts does not answer, or not as it should: later it may."""


@dataclass(frozen=True)
class StoredExchanges:
    """Exchanges in a bucket of the server's own.

    root              below which each job has a prefix of its own
    open_artifacts    of every account
    """

    root: Location
    open_artifacts: Callable[[], Artifacts]

    def root_of(self, data_dir: Path, job: Job) -> Location:
        """Return the prefix of a job: it is called as its workspace would be."""
        return self.root / workspace_of(data_dir, job).folder.name

    def analysis(self, root: Location, attempt: str) -> bytes:
        """Return the analysis that an attempt has published below a job's prefix.

        raises    CorruptArtifact, OutOfReach
        """
        artifacts, location = self.open_artifacts(), edition(root, names.ANALYSIS, attempt)
        try:
            if artifacts.info(location) is None:
                raise missing(names.ANALYSIS)
            with ResumedObject(artifacts, location) as source:
                return unpack_file(source, names.ANALYSIS, names.ANALYSIS_PATH, _MOST_ANALYSIS)
        except _OUT_OF_REACH as error:
            raise OutOfReach(f"The object {location} cannot be read now: {error}") from error

    def prefixes(self) -> set[Location]:
        """Return the prefixes of all jobs below which there is anything."""
        artifacts = self.open_artifacts()
        found = artifacts.folders(self.root / "")
        return {Location(one.bucket, one.key.rstrip("/")) for one in found}

    def remove(self, roots: Collection[Location]) -> None:
        """Delete what is below the prefixes of jobs; may be done any number of times."""
        artifacts = self.open_artifacts()
        for root in roots:
            for info in artifacts.list(root / ""):
                artifacts.delete(info.location)


@dataclass(frozen=True)
class Exchanges:
    """The places where tasks of jobs leave data for each other.

    data_dir    below which the workspaces of jobs are
    stored      None if tasks exchange data in workspaces
    """

    data_dir: Path
    stored: StoredExchanges | None = None

    @classmethod
    def of(cls, config: WorkConfig, store: Store) -> Exchanges:
        """Return those of a server's workers.

        store     that knows whose the bucket is
        raises    RuntimeError if the server has not made it its own
        """
        if not config.exchange:
            return cls(config.data_dir)
        with store.snapshot() as tx:
            owner = tx.bucket_owner(config.exchange)
        if owner is None:
            raise RuntimeError(f"The bucket {config.exchange} of [exchange] is nobody's.")
        return cls(
            config.data_dir,
            StoredExchanges(Location(config.exchange, owner), _opened_once(config.artifacts)),
        )

    def where(self, job: Job) -> Where:
        """Return where the tasks of a job exchange what they make."""
        if self.stored is not None:
            return InStore(self.stored.root_of(self.data_dir, job))
        return InFolder(workspace_of(self.data_dir, job).folder)

    def analysis(self, job: AutoMLJob, attempt: str) -> bytes:
        """Return the analysis that an attempt has published. A task may have left anything in its place.

        raises    CorruptArtifact if it is not there, or larger than one is; OutOfReach
        """
        if self.stored is not None:
            return self.stored.analysis(self.stored.root_of(self.data_dir, job), attempt)
        try:
            folder = workspace_of(self.data_dir, job).folder
            return read_beneath(folder, names.ANALYSIS_PATH, _MOST_ANALYSIS)
        except (OSError, ValueError) as error:
            raise CorruptArtifact(f"The analysis of the data cannot be read: {error}") from error

    def is_lost(self, job: AutoMLJob) -> bool:
        """Return whether what tasks of a job have published is gone, since it was in memory and the machine went off.
        What is in the place of the data set may be anything that a task put there: it is not followed."""
        if self.stored is not None or not job.volume_key:
            return False
        made = names.SERIES if job.is_forecast else names.DATASET
        return not os.path.lexists(workspace_of(self.data_dir, job).folder / made)


def exchanged(artifacts: Artifacts, job: Job) -> Artifacts:
    """Return the server's artifacts as what tasks of a job exchange is kept in them: a volume with a key is written
    nowhere in the clear."""
    return artifacts.encrypted_under(job.volume_key) if job.volume_key else artifacts


def _opened_once(open_artifacts: Callable[[], Artifacts]) -> Callable[[], Artifacts]:
    """Return what opens artifacts when they are asked for first: a client takes a while to make."""
    opened: list[Artifacts] = []

    def artifacts() -> Artifacts:
        if not opened:
            opened.append(open_artifacts())
        return opened[0]

    return artifacts
