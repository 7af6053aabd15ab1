"""Systems that can be run again beside ours, each in an environment of its own."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.records import OURS, SERVICE, CannotMeasure


@dataclass(frozen=True)
class System:
    """adapter   the harness's name for it
    options      KEY=VALUE for the adapter
    python       the interpreter of the environment that holds it
    """

    name: str
    adapter: str
    options: tuple[str, ...]
    python: str


_HERE = sys.executable
_ADAPTERS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "ag_medium_quality": ("autogluon", ("preset=medium_quality",)),
    "ag_best_quality": ("autogluon", ("preset=best_quality",)),
    "agseq_best_quality": ("autogluon", ("preset=best_quality", "seq=1", "dystack=0")),
    "flaml": ("flaml", ()),
    "h2o": ("h2o_automl", ()),
    "lama": ("lama", ()),
    "mljar_Compete": ("mljar", ("mode=Compete",)),
    "base_lgbm": ("baseline", ("model=lgbm",)),
    "lgbm_500x255": ("baseline", ("model=lgbm", "rounds=500", "leaves=255", "cut=1")),
    "base_catboost": ("baseline", ("model=catboost",)),
    "base_histgb": ("baseline", ("model=histgb",)),
    "base_rf": ("baseline", ("model=rf",)),
}
_VARIABLES: Mapping[str, str] = {
    "autogluon": "PEER_AUTOGLUON_PYTHON",
    "flaml": "PEER_FLAML_PYTHON",
    "h2o_automl": "PEER_H2O_PYTHON",
    "lama": "PEER_LAMA_PYTHON",
    "mljar": "PEER_MLJAR_PYTHON",
}


def ourselves(*options: str) -> System:
    """The library."""
    return System(OURS, OURS, options, _HERE)


def our_service() -> System:
    """Jobs and endpoints of a server, through the API."""
    return System(SERVICE, SERVICE, (), _HERE)


def peer(name: str, environment: Mapping[str, str]) -> System:
    """raises    CannotMeasure for an unknown name, or if its interpreter is not given or does not exist"""
    if name not in _ADAPTERS:
        raise CannotMeasure(f"There is no peer '{name}'; choose from {', '.join(_ADAPTERS)}.")
    adapter, options = _ADAPTERS[name]
    variable = _VARIABLES.get(adapter)
    if variable is None:
        return System(name, adapter, options, _HERE)
    python = environment.get(variable)
    if not python or not Path(python).is_file():
        given = f"is '{python}', which is no file" if python else "is not set"
        raise CannotMeasure(
            f"'{name}' runs in an environment of its own: {variable} must name its Python, and {given}."
        )
    return System(name, adapter, options, python)
