"""Runs of MLflow: a job as a run with one below it for each candidate, and the model as one that MLflow loads.

Nothing here needs what trains or loads a model: servers log by this, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from windvane.errors import InvalidRequest
from windvane.version import __version__

EXPERIMENT = "windvane"
MODEL = "model"
"""The artefact of the job's run that holds the model."""

FORECASTER = "forecaster"
"""The folder, in what a server logs, of the archive of a forecaster."""

ARCHIVE = "model.tar.gz"

_NOTE = "mlflow.note.content"
_LOADER = "windvane.mlflow"
_LONGEST_NOTE = 2000
"""Characters; MLflow refuses tags above a limit that depends on its server, 5000 at least."""

_CREDENTIALS = re.compile(r"//[^/\s]*@")
"""Before the host of an address."""

_QUERY = re.compile(r"\?[^\s'\"?=)]+=[^\s'\")]*")
"""Of an address: signatures of stores stand there."""


@dataclass(frozen=True)
class LoggedCandidate:
    """A candidate as a run shows it.

    failure   why it has no model; "" if it has one
    """

    name: str
    params: Mapping[str, Any]
    metrics: Mapping[str, float]
    failure: str = ""


@dataclass(frozen=True)
class Ending:
    """The status with which a run ends.

    status    FINISHED, FAILED or KILLED, as MLflow calls them
    note      says why it has failed; "" for none
    """

    status: str = "FINISHED"
    note: str = ""


def import_mlflow() -> Any:
    """Return the module `mlflow`.

    raises    InvalidRequest if it is not installed
    """
    try:
        mlflow = import_module("mlflow")
        import_module("mlflow.pyfunc")
    except ImportError as error:
        raise InvalidRequest(
            f"MLflow cannot be imported ({error}); install it by: pip install 'windvane[mlflow]'"
        ) from error
    return mlflow


def experiment_id(client: Any, name: str) -> str:
    """Return the id of an experiment, which is made if there is none of the name."""
    found = client.get_experiment_by_name(name)
    return str(found.experiment_id if found else client.create_experiment(name))


def write_model(path: Path, saved: Path, signature: Any = None) -> None:
    """Write an MLflow model into a new folder.

    saved     what `windvane.mlflow` loads
    """
    import_mlflow().pyfunc.save_model(
        path=str(path),
        loader_module=_LOADER,
        data_path=str(saved),
        pip_requirements=[f"windvane=={__version__}"],
        signature=signature,
    )


def log_candidate(
    client: Any, within: str, parent: str, one: LoggedCandidate, begun: str = ""
) -> None:
    """Log a candidate as a run below that of its job.

    begun     the run of an earlier attempt that goes on; "" for a new one
    """
    tags = {"mlflow.parentRunId": parent}
    ending = Ending("FAILED", one.failure) if one.failure else Ending()
    with logged_run(client, within, one.name, tags, ending, begun) as run_id:
        log_values(client, run_id, one.params, one.metrics)


@contextmanager
def logged_run(
    client: Any,
    within: str,
    name: str | None,
    tags: Mapping[str, str],
    ending: Ending = Ending(),
    begun: str = "",
) -> Iterator[str]:
    """Make a run, give its id, and end it: as `ending` says, or as FAILED with the reason if it cannot be logged as a whole.

    within    id of the experiment
    begun     the run of an earlier attempt that goes on; "" for a new one
    """
    run_id = begun or str(client.create_run(within, run_name=name, tags=dict(tags)).info.run_id)
    try:
        if begun:
            client.update_run(run_id, "RUNNING")
        yield run_id
        if begun and not ending.note:
            client.set_tag(run_id, _NOTE, "")
        _end(client, run_id, ending)
    except BaseException as error:
        why = f"Windvane could not log all of it: {without_credentials(error)}"
        with suppress(Exception):  # what is raised says why, and MLflow may be what fails
            _end(client, run_id, Ending("FAILED", why))
        raise


def _end(client: Any, run_id: str, ending: Ending) -> None:
    client.set_terminated(run_id, ending.status)
    if ending.note:
        client.set_tag(run_id, _NOTE, ending.note[:_LONGEST_NOTE])


def without_credentials(error: BaseException) -> str:
    """Return what an error says, without users, passwords and queries of addresses in it; what it is, if it says nothing."""
    told = _QUERY.sub("", _CREDENTIALS.sub("//", str(error)))
    return told or type(error).__name__


def log_values(
    client: Any, run_id: str, params: Mapping[str, Any], metrics: Mapping[str, float]
) -> None:
    """Log parameters and metrics of a run."""
    entities = import_module("mlflow.entities")
    client.log_batch(
        run_id,
        metrics=[entities.Metric(name, value, 0, 0) for name, value in metrics.items()],
        params=[entities.Param(name, str(value)) for name, value in params.items()],
    )
