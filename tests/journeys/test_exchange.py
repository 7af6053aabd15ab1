"""A server whose tasks share no folder: what they make for each other goes through the store."""

import time

import pytest
from botocore.exceptions import ClientError
from journeys.running import FINAL, RunningServer, limits
from journeys.small import table

from windvane.objects.store import open_objects

BUCKET = "windvane-exchange"
N_CANDIDATES = 4


def started(folder, kind):
    (folder / "windvane.toml").write_text(f'[work]\nworkers = 1\n[exchange]\nkind = "{kind}"\n')
    return RunningServer(folder / "data", "--config", str(folder / "windvane.toml"))


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    running = started(tmp_path_factory.mktemp("stored"), "store")
    yield running
    running.stop()


def trained(server, name, **members):
    uri = server.upload("train.csv", table(of_classes=False))
    server.create_job(name, uri, AutoMLJobConfig=limits(N_CANDIDATES, 300), **members)
    ended = server.wait_for_job(name, 300)
    assert ended["AutoMLJobStatus"] == "Completed", ended
    return ended


def scores(server, name):
    """Of every candidate, in the order in which they were begun; how long a prediction takes differs from run to run."""
    found = server.client("sagemaker").list_candidates_for_auto_ml_job(
        AutoMLJobName=name, SortBy="CreationTime", SortOrder="Ascending"
    )["Candidates"]
    return [
        (
            one["CandidateName"].rpartition("-")[0],
            one["FinalAutoMLJobObjectiveMetric"]["Value"],
            {
                metric["StandardMetricName"]: metric["Value"]
                for metric in one["CandidateProperties"]["CandidateMetrics"]
                if metric["StandardMetricName"] != "InferenceLatency"
            },
        )
        for one in found
    ]


def exchanged(server):
    """What is in the bucket that no client can list: keys, and the key of KMS that each is under."""
    objects = open_objects(server.folder / "s3")
    found = objects.list_objects(BUCKET).objects
    objects.close()
    return {one.key: one.attributes.encryption.key_id for one in found}


@pytest.mark.long
def test_a_job_whose_tasks_share_no_folder_comes_to_the_same_leaderboard_and_answers(
    stored, tmp_path
):
    deploys = {"AutoGenerateEndpointName": False, "EndpointName": "exchanged"}
    trained(stored, "same", ModelDeployConfig=deploys)
    answer = stored.client("sagemaker-runtime").invoke_endpoint(
        EndpointName="exchanged", ContentType="text/csv", Body="0.5,red,0.2,2024-03-05"
    )
    assert float(answer["Body"].read())
    shared = started(tmp_path, "folder")
    trained(shared, "same")
    found = scores(shared, "same")
    shared.stop()
    assert len(found) == N_CANDIDATES
    assert scores(stored, "same") == found


def test_no_account_reaches_the_bucket_in_which_tasks_exchange_data(stored):
    s3 = stored.client("s3")
    for refused in (
        lambda: s3.list_objects_v2(Bucket=BUCKET),
        lambda: s3.put_object(Bucket=BUCKET, Key="x", Body=b"x"),
        lambda: s3.get_object(Bucket=BUCKET, Key="x"),
        lambda: s3.delete_bucket(Bucket=BUCKET),
        lambda: s3.copy_object(
            Bucket=stored.env["WINDVANE_BUCKET"], Key="x", CopySource=f"{BUCKET}/x"
        ),
    ):
        with pytest.raises(ClientError, match="AccessDenied"):
            refused()
    assert BUCKET not in {one["Name"] for one in s3.list_buckets()["Buckets"]}
    for job in (
        lambda: stored.create_job("theirs", f"s3://{BUCKET}/windvane"),
        lambda: stored.create_job(
            "theirs",
            stored.upload("train.csv", table(of_classes=False)),
            OutputDataConfig={"S3OutputPath": f"s3://{BUCKET}/out"},
        ),
    ):
        with pytest.raises(ClientError, match="belongs to another account"):
            job()


@pytest.mark.long
def test_a_server_that_is_killed_goes_on_where_it_was(stored):
    uri = stored.upload("train.csv", table(of_classes=True))
    stored.create_job("killed", uri, AutoMLJobConfig=limits(2, 300))
    give_up = time.monotonic() + 240
    while not any("/candidates/" in key for key in exchanged(stored)):
        assert time.monotonic() < give_up, stored.log()[-5000:]
        time.sleep(0.1)
    stored.kill()
    stored.start()
    assert stored.wait_for_job("killed", 300)["AutoMLJobStatus"] == "Completed"


def test_nothing_is_left_of_what_tasks_of_an_ended_job_exchanged(stored):
    give_up = time.monotonic() + 240
    while exchanged(stored) or list((stored.folder / "work").glob("*")):
        assert time.monotonic() < give_up, exchanged(stored)
        time.sleep(0.5)


def test_what_tasks_on_a_volume_with_a_key_exchange_is_encrypted_under_it(stored):
    key = stored.client("kms").create_key()["KeyMetadata"]["Arn"]
    uri = stored.upload("train.csv", table(of_classes=True))
    try:
        stored.create_job(
            "sealed",
            uri,
            GenerateCandidateDefinitionsOnly=True,
            AutoMLJobConfig={"SecurityConfig": {"VolumeKmsKeyId": key}},
        )
    except ClientError as error:
        if "cannot be honoured on this server" not in str(error):
            raise
        pytest.skip(str(error))
    sagemaker, keys, on_disk = stored.client("sagemaker"), {}, set()
    while (job := sagemaker.describe_auto_ml_job(AutoMLJobName="sealed"))[
        "AutoMLJobStatus"
    ] not in FINAL:
        keys |= {one: under for one, under in exchanged(stored).items() if "/sealed-" in one}
        on_disk |= {one.name for one in (stored.folder / "work").glob("sealed*")}
    assert job["AutoMLJobStatus"] == "Completed", job["FailureReason"]
    assert set(keys.values()) == {key}
    assert not on_disk
