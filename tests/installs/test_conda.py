"""The conda recipe asks for what the project asks for."""

from __future__ import annotations

import tomllib
from pathlib import Path

import yaml
from packaging.requirements import Requirement

from windvane import __version__

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
RECIPE = yaml.safe_load((ROOT / "packaging" / "conda" / "recipe.yaml").read_text())
NAMES = {
    "duckdb": "python-duckdb",
    "matplotlib": "matplotlib-base",
    "prometheus-client": "prometheus_client",
    "xgboost-cpu": "py-xgboost-cpu",
}
"""Of packages that conda-forge calls otherwise."""


def test_it_is_of_this_version_and_licence():
    assert RECIPE["context"]["version"] == __version__
    assert RECIPE["about"]["license"] == PROJECT["license"]
    assert RECIPE["about"]["license_file"] == PROJECT["license-files"]


def test_it_requires_what_the_project_requires():
    needed = [Requirement(text) for text in PROJECT["dependencies"]]
    wanted = {f"{NAMES.get(one.name, one.name)} {one.specifier}" for one in needed}
    wanted |= {"__linux", f"python {PROJECT['requires-python']}"}
    assert set(RECIPE["requirements"]["run"]) == wanted


def test_its_command_is_the_projects():
    [entry] = RECIPE["build"]["python"]["entry_points"]
    name, target = entry.split(" = ")
    assert PROJECT["scripts"] == {name: target}
