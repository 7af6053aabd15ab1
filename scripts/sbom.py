"""Write what an installation of Windvane consists of, as a CycloneDX document (JSON): `make sbom`.

Components are the packages of requirements/core.txt that are installed on this system, each with its licence and with
the SHA-256 of every file that the lock lets it be installed from. Fails if what is installed is not what is locked.

source    CycloneDX 1.6 (ECMA-424), https://cyclonedx.org/docs/1.6/json/
"""

from __future__ import annotations

import json
import sys
import tomllib
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from scripts.locks import Locked, read_lock

ROOT = Path(__file__).resolve().parents[1]
LOCK, EXTRAS = ROOT / "requirements" / "core.txt", ("postgres",)


def main() -> int:
    target = Path(sys.argv[1])
    locked = [entry for entry in read_lock(LOCK) if _applies(entry.requirement)]
    installed = {entry.name: distribution(entry.name) for entry in locked}
    other = [
        f"{entry.name} is locked as {entry.version} and installed as {installed[entry.name].version}"
        for entry in locked
        if installed[entry.name].version != entry.version
    ]
    if other:
        print("\n".join(other), "Run make setup first.", sep="\n", file=sys.stderr)
        return 1
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(
        json.dumps(document(locked, installed, EXTRAS, datetime.now(UTC)), indent=1) + "\n"
    )
    return 0


def document(
    locked: list[Locked], installed: dict[str, Distribution], extras: Sequence[str], now: datetime
) -> dict[str, Any]:
    """The CycloneDX document of these packages, and of the extras of Windvane that need some of them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    references = {entry.name: _purl(entry.name, entry.version) for entry in locked}
    version = distribution("windvane").version
    root = _purl("windvane", version)
    needed = [Requirement(text) for text in project["dependencies"]]
    optional = project["optional-dependencies"]
    needed += [Requirement(text) for extra in extras for text in optional[extra]]
    graph = {root: needed} | {
        references[name]: [Requirement(text) for text in package.requires or ()]
        for name, package in installed.items()
    }
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid4()}",
        "version": 1,
        "metadata": {
            "timestamp": now.isoformat(timespec="seconds").replace("+00:00", "Z"),
            "component": {
                "type": "application",
                "bom-ref": root,
                "name": "windvane",
                "version": version,
                "purl": root,
                "licenses": [{"license": {"id": project["license"]}}],
            },
        },
        "components": [_component(entry, installed[entry.name]) for entry in locked],
        "dependencies": [
            {"ref": ref, "dependsOn": _depends_on(requirements, references)}
            for ref, requirements in graph.items()
        ],
    }


def _component(entry: Locked, package: Distribution) -> dict[str, Any]:
    purl = _purl(entry.name, entry.version)
    found: dict[str, Any] = {
        "type": "library",
        "bom-ref": purl,
        "name": entry.name,
        "version": entry.version,
        "purl": purl,
        "hashes": [{"alg": "SHA-256", "content": digest} for digest in entry.sha256],
    }
    if licenses := _licenses(package):
        found["licenses"] = licenses
    return found


def _licenses(package: Distribution) -> list[dict[str, Any]]:
    """What the package itself says: an SPDX expression, else the names of its classifiers, else its short text."""
    told = package.metadata
    if expression := told.get("License-Expression"):
        return [{"expression": expression}]
    classifiers = [text for text in told.get_all("Classifier", []) if text.startswith("License ::")]
    names = [text.rpartition(" :: ")[2] for text in classifiers]
    names = [name for name in names if name != "OSI Approved"]
    short = (told.get("License") or "").strip()
    if not names and short and "\n" not in short:
        names = [short]
    return [{"license": {"name": name}} for name in names]


def _depends_on(requirements: list[Requirement], references: dict[str, str]) -> list[str]:
    names = {canonicalize_name(each.name) for each in requirements if _applies(each)}
    return sorted(references[name] for name in names & references.keys())


def _applies(requirement: Requirement) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": ""})


def _purl(name: str, version: str) -> str:
    return f"pkg:pypi/{name}@{version.replace('+', '%2B')}"


if __name__ == "__main__":
    sys.exit(main())
