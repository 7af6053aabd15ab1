"""What Settings say of MLflow: where ended jobs are logged, and what its client is given to be let in."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from windvane.settings import BadSettings, Settings
from windvane.work.experiments import Experiments

_NAME = re.compile(
    r"(?:MLFLOW|AWS|AZURE|GOOGLE|DATABRICKS|REQUESTS|SSL|HTTP|HTTPS|NO)_[A-Z0-9_]+", re.ASCII
)
"""Variables that MLflow's client and its stores of artefacts read; none that chooses what a process loads."""

_MOST_BYTES = 1 << 16
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def experiments_of(settings: Settings) -> Experiments | None:
    """Return where ended jobs are logged; None if they are not.

    raises    BadSettings if the extra is not installed, or the file of credentials cannot be used
    """
    chosen = settings.mlflow
    if not chosen.tracking_uri:
        return None
    if find_spec("mlflow") is None:
        raise BadSettings(
            "[mlflow] tracking_uri needs MLflow's client, which is not installed: pip install 'windvane[mlflow]'."
        )
    credentials = partial(_credentials, chosen.credentials_file)
    try:
        credentials()
    except (OSError, ValueError) as error:
        raise BadSettings(f"[mlflow] credentials_file cannot be used: {error}.") from error
    accounts = chosen.accounts or (settings.account,)
    return Experiments(
        chosen.tracking_uri, chosen.experiment, accounts, float(chosen.give_up_s), credentials
    )


def _credentials(file: str) -> Mapping[str, str]:
    """Return environment variables, of the server's own environment and then of a file. It is read anew for each job, so that
    keys can be changed while the server runs.

    raises    OSError; ValueError, which quotes no value
    """
    own = {name: value for name, value in os.environ.items() if _NAME.fullmatch(name)}
    return {**own, **_read(Path(file))} if file else own


def _read(file: Path) -> dict[str, str]:
    """Return what lines NAME=VALUE say; empty lines and those that begin with # say nothing."""
    with file.open("rb") as opened:
        about = os.fstat(opened.fileno())
        content = opened.read(_MOST_BYTES + 1)
    if about.st_uid != os.geteuid() or about.st_mode & _OTHERS:
        raise ValueError(
            f"{file} must be owned by the server's user and readable by nobody else (chmod 600)"
        )
    if len(content) > _MOST_BYTES:
        raise ValueError(f"{file} has more than {_MOST_BYTES} bytes")
    found = {}
    for number, line in enumerate(content.decode("utf-8", errors="strict").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, is_given, value = line.partition("=")
        if not is_given or not _NAME.fullmatch(name.strip()):
            raise ValueError(
                f"line {number} of {file} is not of the form NAME=VALUE with a variable of MLflow or of a store of artefacts, "
                "such as MLFLOW_TRACKING_TOKEN or AWS_ACCESS_KEY_ID"
            )
        found[name.strip()] = value.strip()
    return found
