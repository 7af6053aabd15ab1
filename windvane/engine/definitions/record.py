"""What the definitions must know of a job besides its data."""

from __future__ import annotations

from dataclasses import dataclass

from windvane.engine.tuning.strategy import ANYTHING, Strategy
from windvane.names import Scope


@dataclass(frozen=True)
class Served:
    """A job of the service: where its files are, for a notebook that asks the service to work.

    scope     account and region, of the images
    role      ARN, for training jobs and models
    dataset   S3 URI of the folder with the typed table, without a final slash
    modules   S3 URI below which the generated modules are published, likewise
    output    S3 URI below which the notebook's jobs write, likewise
    """

    scope: Scope
    role: str
    dataset: str
    modules: str
    output: str


@dataclass(frozen=True)
class DefinedJob:
    """A job whose candidates are to be defined.

    max_candidates   that a run of the notebook trains; None for as many as time allows
    max_runtime_s    of such a run
    max_candidate_s  of one candidate; None for as long as the run has left
    served           None if the job ran on one's own machine, without a service
    dataset          path of the dataset folder on this machine; "" if a run without a service is to be told it
    strategy         of the job's search
    """

    name: str
    max_candidates: int | None
    max_runtime_s: float
    max_candidate_s: float | None = None
    served: Served | None = None
    dataset: str = ""
    strategy: Strategy = ANYTHING
