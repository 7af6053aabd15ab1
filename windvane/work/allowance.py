"""What a task may use of this server, whatever it does: the same for tasks of AutoML jobs and for step jobs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from windvane.artifacts.base import Artifacts
from windvane.engine.data.analysis import ReadOptions


@dataclass(frozen=True)
class TaskAllowance:
    """The resources that a task may use, and settings of the server that it depends on.

    open_artifacts    anew: a client does not survive a fork
    threads           for reading and explaining; training uses one, or as many as its task says
    memory_mb         at which the process will be killed
    max_data_bytes    decompressed training data
    max_columns       of a table
    calibrate, tune_threshold
                      of tables that are read, as in ProblemSpec
    transformed_rows  written of each part of the data that a recipe transformed
    chronos_bolt      folder with the weights of Chronos-Bolt; None if there are none
    """

    open_artifacts: Callable[[], Artifacts]
    threads: int
    memory_mb: int
    max_data_bytes: int
    max_columns: int
    calibrate: bool = True
    tune_threshold: bool = True
    transformed_rows: int = 20_000
    chronos_bolt: str | None = None

    @property
    def weights(self) -> Path | None:
        return None if self.chronos_bolt is None else Path(self.chronos_bolt)

    def read_options(self, scratch: Path, form: str, compression: str) -> ReadOptions:
        """Return how a table is read.

        form    as ReadOptions.format
        """
        return ReadOptions(
            scratch=scratch,
            format=form,
            compression=compression,
            max_bytes=self.max_data_bytes,
            max_columns=self.max_columns,
            memory_mb=self.memory_mb,
            threads=self.threads,
        )
