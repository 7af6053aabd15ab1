"""The resource classes of version 3 of the SageMaker SDK, in an environment of their own."""

import json
import subprocess
from pathlib import Path

import pytest
from journeys.running import BIN
from journeys.small import table
from journeys.stepping import image

PYTHON = BIN.parent / "sdk3" / "bin" / "python"
SCRIPT = Path(__file__).parent / "scripts" / "sdk3_resources.py"


@pytest.fixture(scope="module")
def told(server, tmp_path_factory):
    """What the script was told."""
    assert PYTHON.is_file(), f"{PYTHON} is missing: `make setup-dev` makes it"
    uri = server.upload("sdk3/table.csv", table(of_classes=True))
    rows = [line.rpartition(",") for line in table(of_classes=True).decode().splitlines()[1:]]
    server.upload("sdk3/rows.csv", "\n".join(row for row, _, _ in rows).encode())
    labelled = [f"{label},{row}" for row, _, label in rows]
    for channel, some in {"train": labelled[:500], "validation": labelled[500:]}.items():
        server.upload(f"sdk3/{channel}/rows.csv", "\n".join(some).encode())
    done = subprocess.run(
        [PYTHON, "-P", SCRIPT, uri, rows[0][0], image("xgboost")],
        env=server.shell_env(HOME=str(tmp_path_factory.mktemp("home"))),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return json.loads(done.stdout.strip().splitlines()[-1])


def test_jobs_of_both_versions_end_and_one_is_stopped(told):
    assert (told["v1"], told["v2"], told["stopped"]) == ("Completed", "Completed", "Stopped")
    assert (told["v2_type"], told["v2_secondary"]) == ("Tabular", "CandidateDefinitionsGenerated")
    assert told["jobs"] == ["sdk3-v1"]


def test_candidates_are_listed(told):
    assert told["candidates"] == [told["best"]]


def test_a_model_is_deployed_asked_and_deleted(told):
    assert told["endpoints"] == ["sdk3"]
    assert (told["status"], told["variant"]) == ("InService", "AllTraffic")
    assert told["answer"].strip() in ("yes", "no")
    assert told["gone"] == ["ValidationException", "ValidationException"]


def test_transform_and_training_jobs_run_and_tell_their_logs(told):
    assert (told["transform"], told["trained"]) == ("Completed", "Completed")
    assert told["artefact"].endswith("/sdk3/trained/sdk3/output/model.tar.gz")
    assert told["missing"] == "ValidationException"
