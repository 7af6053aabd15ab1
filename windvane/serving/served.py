"""What a model process serves: a model of a table, or a forecaster."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from windvane.engine.manifest import MANIFEST, read_json
from windvane.engine.packages.package import load_predictor
from windvane.serving.model import Load, LocalContainer, load_model

_FORECASTER = "forecaster"
"""The kind of package that is one (engine/forecasting/forecaster.py)."""


class Served(Protocol):
    """A model that answers.

    default_accept   content type of an answer when the request leaves the choice
    container_names  as AWS names them in messages: of the container that reads, predicts, writes
    """

    @property
    def default_accept(self) -> str: ...

    @property
    def container_names(self) -> tuple[str, str, str]: ...

    def answer(self, body: bytes, content_type: str, accept: str) -> tuple[bytes, str]:
        """Return the answer to a request body, and its content type.

        raises    InvalidRequest for a body, content type or accept type that the model does not take
        """

    def describe(self) -> dict[str, Any]:
        """Return what it takes and gives, as plain values that survive JSON."""


def load_served(containers: Sequence[LocalContainer], load: Load = load_predictor) -> Served:
    """Load what the containers of an endpoint hold.

    load      for models of tables
    raises    InvalidRequest if the containers do not fit together, CorruptArtifact
    """
    if len(containers) == 1 and _is_forecaster(containers[0].folder):
        # Forecasting is loaded for such models alone: it takes time and memory of each process.
        from windvane.serving.forecasting.served import load_served_forecaster

        return load_served_forecaster(containers[0])
    return load_model(containers, load)


def _is_forecaster(folder: Path) -> bool:
    manifest = folder / MANIFEST
    return manifest.is_file() and read_json(manifest).get("kind") == _FORECASTER
