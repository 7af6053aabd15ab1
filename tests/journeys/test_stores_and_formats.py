"""A server on PostgreSQL and an S3 store of somebody else, through which its tasks exchange data, too; and every form in which
data may come."""

import gzip
import io
import json
import os
import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from journeys.running import RunningServer, limits
from s3.served import ServedStore

from windvane.artifacts.base import Location
from windvane.artifacts.s3 import S3Artifacts
from windvane.testing.throwaway_postgres import NoPostgres, throwaway_postgres

HEADER = "number;colour;note;y"


@pytest.fixture(scope="module")
def postgres_url():
    try:
        with throwaway_postgres() as server:
            yield server.url(server.new_database())
    except NoPostgres as absent:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(absent))


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """Somebody else's S3 store."""
    store = ServedStore(tmp_path_factory.mktemp("elsewhere"))
    yield store.connection
    store.stop()


@pytest.fixture(scope="module")
def server(tmp_path_factory, postgres_url, elsewhere):
    folder = tmp_path_factory.mktemp("stores")
    (folder / "windvane.toml").write_text(
        f'[store]\nurl = "{postgres_url}"\n'
        f'[s3]\nendpoint = "{elsewhere.endpoint}"\naccess_key = "{elsewhere.access_key}"\n'
        f'secret_key = "{elsewhere.secret_key}"\n'
        '[exchange]\nkind = "store"\n[work]\nworkers = 1\n'
    )
    running = RunningServer(folder / "data", "--config", str(folder / "windvane.toml"))
    yield running
    running.stop()


def lines(count, seed):
    dice = random.Random(seed)
    for _ in range(count):
        number, colour = dice.random(), dice.choice(["red", "green", "blue"])
        label = "high" if number + (colour == "red") * 0.3 + dice.gauss(0, 0.1) > 0.6 else "low"
        yield f'{number:.4f};{colour};"a; quoted\nnote {dice.randrange(5)}";{label}'


def body(count, seed, header=True):
    return "\n".join([*([HEADER] if header else []), *lines(count, seed)]).encode() + b"\n"


def reads(server, name, uri, n_rows, **channel):
    """Check that a job reads so many rows of both classes; nothing is trained on them."""
    server.create_job(name, uri, channel=channel, GenerateCandidateDefinitionsOnly=True)
    job = server.wait_for_job(name)
    assert job["AutoMLJobStatus"] == "Completed", job
    assert job["ResolvedAttributes"]["ProblemType"] == "BinaryClassification"
    lines = server.client("logs").get_log_events(
        logGroupName="/aws/sagemaker/AutoMLJobs", logStreamName=name
    )
    told = [event["message"] for event in lines["events"]]
    assert any(line.startswith(f"Found {n_rows} rows and ") for line in told), told


@pytest.mark.long
def test_a_job_on_postgresql_and_an_external_s3_store_is_deployed_and_survives_a_kill(
    server, elsewhere
):
    uri = server.upload("stores/train.csv", body(700, 1))
    assert S3Artifacts(elsewhere).info(Location(server.env["WINDVANE_BUCKET"], "stores/train.csv"))
    server.create_job(
        "stores",
        uri,
        AutoMLJobConfig=limits(1, 300),
        ModelDeployConfig={"AutoGenerateEndpointName": False, "EndpointName": "stores"},
    )
    job = server.wait_for_job("stores")
    assert list(S3Artifacts(elsewhere).folders(Location("windvane-exchange", "")))
    assert job["ModelDeployResult"] == {"EndpointName": "stores"}
    server.kill()
    server.start()
    answer = server.client("sagemaker-runtime").invoke_endpoint(
        EndpointName="stores", ContentType="text/csv", Body='0.99,red,"a; quoted\nnote 1"'
    )
    assert answer["Body"].read().decode().strip() == "high"


@pytest.mark.long
def test_headers_in_all_files_or_in_the_first_alone(server):
    for name, later_header in (("all", True), ("first", False)):
        server.upload(f"formats/{name}/1.csv", body(400, 1))
        uri = server.upload(f"formats/{name}/2.csv", body(400, 2, later_header))
        reads(server, f"headers-{name}", uri.removesuffix("2.csv"), 800)


@pytest.mark.long
def test_gzip_and_a_byte_order_mark(server):
    uri = server.upload("formats/bom.csv.gz", gzip.compress(b"\xef\xbb\xbf" + body(700, 3)))
    reads(server, "gzip-bom", uri, 700, CompressionType="Gzip")


@pytest.mark.long
def test_a_manifest_names_the_files(server):
    uri = server.upload("formats/parts/one.csv", body(400, 4))
    server.upload("formats/parts/two.csv", body(400, 5))
    named(server, "manifest", uri.removesuffix("one.csv"), ["one.csv", "two.csv"], 800)


def named(server, name, prefix, files, n_rows, **channel):
    """Check that a job reads the files that a manifest names, and no other below their prefix."""
    server.upload(f"{prefix.partition('//')[2].partition('/')[2]}broken", b"never\x00read")
    manifest = json.dumps([{"prefix": prefix}, *files]).encode()
    uri = server.upload(f"formats/{name}.manifest", manifest)
    source = {"S3DataSource": {"S3DataType": "ManifestFile", "S3Uri": uri}}
    reads(server, name, uri, n_rows, DataSource=source, **channel)


def parquet(count, seed):
    rows = [line.split(";") for line in lines(count, seed)]
    columns = {
        "number": pa.array([float(row[0]) for row in rows]),
        "colour": pa.array([row[1] for row in rows]),
        "y": pa.array([row[-1] for row in rows]),
    }
    written = io.BytesIO()
    pq.write_table(pa.table(columns), written)
    return written.getvalue()


def test_parquet(server):
    """In two files that a manifest names."""
    files = ["1.parquet", "2.parquet"]
    for number, file in enumerate(files):
        uri = server.upload(f"formats/columns/{file}", parquet(350, 6 + number))
    kind = {"ContentType": "x-application/vnd.amazon+parquet"}
    named(server, "parquet", uri.removesuffix(files[-1]), files, 700, **kind)


@pytest.mark.long
def test_a_regression_job_has_two_containers_and_answers_numbers(server):
    dice = random.Random(7)
    rows = [(dice.random(), dice.random()) for _ in range(700)]
    text = "a,b,y\n" + "".join(
        f"{a:.4f},{b:.4f},{3 * a + b + dice.gauss(0, 0.05):.4f}\n" for a, b in rows
    )
    uri = server.upload("formats/regression.csv", text.encode())
    server.create_job(
        "regression",
        uri,
        AutoMLJobConfig=limits(1, 300),
        ModelDeployConfig={"AutoGenerateEndpointName": True},
    )
    job = server.wait_for_job("regression")
    assert job["ResolvedAttributes"]["ProblemType"] == "Regression"
    assert job["BestCandidate"]["FinalAutoMLJobObjectiveMetric"]["MetricName"] == "MSE"
    assert len(job["BestCandidate"]["InferenceContainers"]) == 2
    answer = server.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=job["ModelDeployResult"]["EndpointName"],
        ContentType="text/csv",
        Body="0.5,0.5\n0.1,0.9",
    )
    first, second = answer["Body"].read().decode().split()
    assert abs(float(first) - 2.0) < 0.4
    assert abs(float(second) - 1.2) < 0.4
