"""docs/samples.md as it stands: the bundled data take the place of Amazon's sample bucket, and each script runs as it is."""

import os
import re
import tomllib

import pytest
from journeys.pages import blocks, look_like_a_clone, run
from journeys.running import RunningServer
from journeys.sdk import quick_path

PAGE = "docs/samples.md"
SCRIPT = re.compile(r"python examples/samples/(\w+)\.py$", re.MULTILINE)


def commands():
    """The shell blocks of the page, by the script that they run."""
    found = {}
    for block in blocks(PAGE, "sh"):
        name = SCRIPT.search(block[1])
        found[name[1] if name else "fill" if "fill.py" in block[1] else "serve"] = block
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A clone after what the page says of the bucket, with its configuration."""
    clone = tmp_path_factory.mktemp("samples")
    look_like_a_clone(clone)
    run(commands()["fill"], clone, dict(os.environ))
    [(_, configuration)] = blocks(PAGE, "toml")
    (clone / "windvane.toml").write_text(configuration)
    return clone


@pytest.fixture(scope="module")
def server(folder):
    arguments = commands()["serve"][1].split()
    assert arguments[:4] == [".venv/bin/windvane", "serve", "--data-dir", "./windvane-data"]
    assert arguments[4:] == ["--config", "windvane.toml"]
    running = RunningServer(folder / "windvane-data", "--config", str(folder / "windvane.toml"))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def environment(server, folder):
    """The second shell's, after the first of its blocks has run; and what that script said."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    clean |= {"HOME": str(folder), "AWS_EC2_METADATA_DISABLED": "true", "TMPDIR": str(folder)}
    said, after = run(commands()["direct_marketing"], folder, clean | {"PYTHONPATH": quick_path()})
    return said, after


@pytest.fixture
def said_by(environment, folder):
    def said_by(name):
        said, _ = run(commands()[name], folder, environment[1])
        return said

    return said_by


def test_the_folder_stands_for_the_bucket(server, folder):
    bucket, other = tomllib.loads((folder / "windvane.toml").read_text())["buckets"]
    assert other["folder"] == bucket["folder"]
    name = bucket["name"].replace("*", "us-west-2")
    listed = server.client("s3").list_objects_v2(Bucket=name)["Contents"]
    files = [file for file in (folder / bucket["folder"]).rglob("*") if file.is_file()]
    assert len(listed) == len(files) == 6
    [bank] = [one for one in listed if one["Key"].endswith("/bank-additional-full.csv")]
    body = server.client("s3").get_object(Bucket=name, Key=bank["Key"])["Body"].read()
    assert body.startswith(b"age,job,marital,")
    assert body.count(b"\n") == 1 + 41_188


@pytest.mark.long
def test_direct_marketing(environment):
    said, _ = environment
    assert re.search(r"^Completed - \w+ ?$", said, re.MULTILINE), said
    assert "SageMakerAutopilotCandidateDefinitionNotebook.ipynb" in said
    assert "SageMakerAutopilotDataExplorationNotebook.ipynb" in said
    values = [float(value) for value in re.findall(r"^\d \S+ ([\d.]+)$", said, re.MULTILINE)]
    assert len(values) >= 2, said
    assert values == sorted(values, reverse=True), "the best first"
    answered = re.findall(r"^\S+ Completed: ([\d.]+) of (\d+) right$", said, re.MULTILINE)
    assert [number for _, number in answered] == ["1000", "1000"]
    assert all(float(right) > 0.85 for right, _ in answered), said


@pytest.mark.long
def test_customer_churn(said_by, server):
    said = said_by("customer_churn")
    assert re.search(r"^Completed - \w+ ?$", said, re.MULTILINE), said
    assert said.count("finished with status Completed") == 2
    scores = re.findall(r"^\S+: AUC ([\d.]+), average precision ([\d.]+)$", said, re.MULTILINE)
    assert all(float(auc) > 0.8 for auc, _ in scores), said
    [recall] = re.findall(r"from [\d.]+ on has the recall ([\d.]+)$", said, re.MULTILINE)
    assert float(recall) > 0.4
    [(no, yes)] = re.findall(r"\{'No': (\d+), 'Yes': (\d+)\} of 400$", said, re.MULTILINE)
    assert int(no) + int(yes) == 400
    assert server.client("sagemaker").list_models()["Models"] == []


@pytest.mark.long
def test_california_housing(said_by, server):
    said = said_by("california_housing")
    assert re.search(r"^Completed - \w+ ?$", said, re.MULTILINE), said
    assert "Downloaded SageMakerAutopilotCandidateDefinitionNotebook.ipynb" in said
    assert re.search(r"^\S+ Completed: RMSE \d+ of 400 rows$", said, re.MULTILINE), said
    [rmse] = re.findall(r"RMSE (\d+)", said)
    assert int(rmse) < 70_000
    left = server.client("s3").list_objects_v2(
        Bucket=server.env["WINDVANE_BUCKET"], Prefix="samples/housing/output/"
    )
    assert left["KeyCount"] == 0


@pytest.mark.long
def test_food_demand(said_by, server):
    said = said_by("food_demand")
    assert re.findall(r"^(Completed|InService) $", said, re.MULTILINE) == [
        "Completed",
        "InService",
        "Completed",
    ], said
    steps = re.findall(r"^ *apple +north +(\S+)( +[\d.]+){6}$", said, re.MULTILINE)
    assert [when for when, _ in steps] == ["2024-04-22", "2024-04-29", "2024-05-06", "2024-05-13"]
    columns = "product_code, location_code, timestamp, p50, p60, p70, p80, p90, mean"
    assert said.rstrip().endswith(f"48 rows of 12 series: {columns}")
    assert server.client("sagemaker").list_models()["Models"] == []


@pytest.mark.long
def test_electricity_load(said_by):
    said = said_by("electricity_load")
    assert re.search(r"^Completed - \w+ ?$", said, re.MULTILINE), said
    losses = [float(value) for value in re.findall(r"^\S+: ([\d.]+)$", said, re.MULTILINE)]
    assert len(losses) > 3, said
    assert losses == sorted(losses), "the best first"
    assert "84 steps of MT_001 from 2015-01-01 02:00:00 on" in said
    assert "Quantiles in order: True" in said
