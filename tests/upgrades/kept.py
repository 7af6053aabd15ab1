"""The data folders that earlier versions left here; make.py makes another."""

import json
import tarfile
from pathlib import Path

HERE = Path(__file__).parent
VERSIONS = sorted(path.name for path in HERE.glob("v*"))
WITH_OLD_STORE = ("v0003",)
"""Whose objects are in the store of earlier versions."""


def unpacked(version, into):
    """The data folder of a version."""
    with tarfile.open(HERE / version / "data.tar.xz") as archive:
        archive.extractall(into, filter="data")
    (into / "data").chmod(0o700)
    return into / "data"


def facts(version):
    return json.loads((HERE / version / "facts.json").read_text())
