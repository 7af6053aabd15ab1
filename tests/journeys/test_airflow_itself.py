"""Airflow's Amazon provider, in an environment of its own (`make test-long`): its operators and sensors, executed as a
task runner does. They need no Airflow that runs, and no database."""

import json
import subprocess
from pathlib import Path

import pytest
from journeys.connecting import connection
from journeys.running import BIN
from journeys.small import table
from journeys.stepping import image

PYTHON = BIN.parent / "airflow" / "bin" / "python"
SCRIPT = Path(__file__).parent / "scripts" / "airflow_operators.py"


@pytest.mark.long
def test_operators_and_sensors_find_what_they_look_for(server, tmp_path):
    assert PYTHON.is_file(), f"{PYTHON} is missing: `make test-long` makes it"
    uri = server.upload("dag/table.csv", table(of_classes=True))
    rows = [line.rpartition(",") for line in table(of_classes=True).decode().splitlines()[1:]]
    server.upload("dag/rows.csv", "\n".join(row for row, _, _ in rows).encode())
    labelled = [f"{label},{row}" for row, _, label in rows]
    for channel, some in {"train": labelled[:500], "validation": labelled[500:]}.items():
        server.upload(f"dag/{channel}/rows.csv", "\n".join(some).encode())
    environment = server.shell_env(
        HOME=str(tmp_path),
        AIRFLOW_HOME=str(tmp_path / "airflow"),
        AIRFLOW_CONN_WINDVANE=json.dumps(connection(server)),
    )
    environment = {
        name: value
        for name, value in environment.items()
        if not name.startswith("AWS_") or name == "AWS_EC2_METADATA_DISABLED"
    }
    done = subprocess.run(
        [PYTHON, "-P", SCRIPT, uri, image("xgboost")],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    told = json.loads(done.stdout.strip().splitlines()[-1])
    assert told["best"].startswith("dag-2")
    assert told["deployed"] is told["poked"] is True
    assert told["transformed"] == ["Completed", "Completed"]
    assert told["names"][0] == told["models"][0] == "dag"
    assert all(told[names][1].startswith("dag-") for names in ("names", "models"))
    assert told["endpoints"] == ["InService", "InService"]
    assert told["trained"] == "Completed"
    assert "The training job dag is Completed" in done.stdout + done.stderr
