"""Nothing is installed whose SHA-256 does not stand in the repository (torch, which tests alone use, is the one exception)."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from scripts.locks import read_lock

ROOT = Path(__file__).parents[3]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
LOCKED = [path for path in LOCKS if path.name != "torch.txt"]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def of(name):
    return {entry.name: entry for entry in read_lock(ROOT / "requirements" / f"{name}.txt")}


def test_there_is_a_lock_for_each_environment():
    names = [
        "airflow",
        "build",
        "chart",
        "cluster",
        "core",
        "dev",
        "docs",
        "image",
        "import",
        "sdk3",
    ]
    assert [path.stem for path in LOCKED] == names


@pytest.mark.parametrize("path", LOCKED, ids=lambda path: path.stem)
def test_every_line_of_a_lock_names_one_version_and_its_sums(path):
    entries = read_lock(path)
    assert entries
    for entry in entries:
        [only] = entry.requirement.specifier
        assert only.operator == "==", entry
        assert "*" not in only.version, entry
        assert entry.sha256, f"{entry.name} has no hash"
        assert entry.requirement.url is None


@pytest.mark.parametrize("path", LOCKED, ids=lambda path: path.stem)
def test_no_lock_says_where_to_fetch_from(path):
    text = path.read_text()
    assert not re.search(
        r"://|^\s*-", re.sub(r"--hash=sha256:|#   -c requirements/", "", text), re.MULTILINE
    )


@pytest.mark.parametrize(
    ("lock", "wanted"),
    [
        ("core", PROJECT["project"]["dependencies"]),
        ("core", PROJECT["project"]["optional-dependencies"]["postgres"]),
        ("image", PROJECT["project"]["dependencies"]),
        ("image", PROJECT["project"]["optional-dependencies"]["postgres"]),
        ("image", PROJECT["project"]["optional-dependencies"]["otel"]),
        ("dev", PROJECT["dependency-groups"]["dev"]),
        ("dev", PROJECT["project"]["optional-dependencies"]["catboost"]),
        ("build", PROJECT["dependency-groups"]["build"]),
        ("build", PROJECT["build-system"]["requires"]),
        ("import", PROJECT["dependency-groups"]["import"]),
        ("import", PROJECT["project"]["optional-dependencies"]["import"]),
        ("cluster", PROJECT["dependency-groups"]["cluster"]),
        ("cluster", PROJECT["project"]["optional-dependencies"]["cluster"]),
        ("sdk3", PROJECT["dependency-groups"]["sdk3"]),
        ("airflow", PROJECT["dependency-groups"]["airflow"]),
        ("docs", PROJECT["dependency-groups"]["docs"]),
    ],
)
def test_what_the_project_asks_for_is_locked_in_a_version_that_it_allows(lock, wanted):
    entries = read_lock(ROOT / "requirements" / f"{lock}.txt")
    for requirement in map(Requirement, wanted):
        versions = [e.version for e in entries if e.name == canonicalize_name(requirement.name)]
        assert versions, f"{requirement} is not in {lock}.txt: make lock"
        assert all(map(requirement.specifier.contains, versions)), (requirement, versions)


def test_locks_that_go_into_one_environment_agree():
    core, image, dev = (
        {
            (e.name, e.version): set(e.sha256)
            for e in read_lock(ROOT / "requirements" / f"{lock}.txt")
        }
        for lock in ("core", "image", "dev")
    )
    assert core.items() <= image.items() <= dev.items()
    for lock in ("build", "cluster"):
        both = of(lock).keys() & of("dev").keys()
        assert {name: of(lock)[name].version for name in both} == {
            name: of("dev")[name].version for name in both
        }


def test_a_set_up_installs_from_locks_alone_and_asks_for_hashes():
    lines = (ROOT / "scripts" / "setup.sh").read_text().splitlines()
    installs = [line.strip() for line in lines if re.search(r"\binstall\b.* -r |pip install", line)]
    assert [
        line for line in installs if "--require-hashes" not in line and "shift" not in line
    ] == ["install .venv -r requirements/torch.txt"]
    assert "--no-build-isolation" in next(line for line in lines if "--editable" in line)


@pytest.fixture(scope="module")
def bill(tmp_path_factory):
    path = tmp_path_factory.mktemp("sbom") / "deeper" / "sbom.json"
    command = [sys.executable, "-m", "scripts.sbom", str(path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return path.read_text()


def test_the_bill_of_materials_keeps_to_its_schema(bill):
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(bill) is None


def test_the_bill_of_materials_is_what_is_locked(bill):
    told = json.loads(bill)
    components = {each["name"]: each for each in told["components"]}
    boto3 = components["boto3"]
    assert {each["content"] for each in boto3["hashes"]} == set(of("core")["boto3"].sha256)
    assert boto3["version"] == of("core")["boto3"].version
    graph = {each["ref"]: each["dependsOn"] for each in told["dependencies"]}
    assert components["botocore"]["bom-ref"] in graph[boto3["bom-ref"]]
    assert boto3["bom-ref"] in graph[told["metadata"]["component"]["bom-ref"]]
    assert all(each.get("licenses") for each in components.values())
