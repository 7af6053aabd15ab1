"""Data folders of earlier versions are upgraded at the start, and the API says of them what it said then."""

import subprocess
import time

import boto3
import pytest
from journeys.running import BIN, RunningServer
from upgrades.kept import VERSIONS, WITH_OLD_STORE, facts, unpacked
from upgrades.make import ENDPOINT, JOB, SECOND_ACCOUNT, told

from windvane.objects.schema import MIGRATIONS
from windvane.store.migrations.upgrade import known_revisions


def command(*arguments, code=0):
    done = subprocess.run(
        [BIN / "windvane", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == code, (arguments, done.stdout, done.stderr)
    return done.stdout + done.stderr


_OLDEST, *_BETWEEN, _NEWEST = VERSIONS


@pytest.fixture(
    scope="module",
    params=[
        _OLDEST,
        *(pytest.param(version, marks=pytest.mark.long) for version in _BETWEEN),
        _NEWEST,
    ],
)
def upgraded(request, tmp_path_factory):
    """The facts of a version, and a server of this one on its data folder."""
    scratch = tmp_path_factory.mktemp(request.param)
    data, kept = unpacked(request.param, scratch), facts(request.param)
    config = scratch / "windvane.toml"
    config.write_text(kept["config"])
    if request.param in WITH_OLD_STORE:
        said = command("serve", "--data-dir", data, "--port", "0", "--config", config, code=2)
        assert "windvane import-objects --data-dir" in said
        command("import-objects", "--data-dir", data, "--config", config)
    server = RunningServer(data, "--config", str(config))
    yield kept, server
    server.stop()
    command("check", "--data-dir", data, "--config", config)


def in_service(sagemaker):
    give_up = time.monotonic() + 240
    while sagemaker.describe_endpoint(EndpointName=ENDPOINT)["EndpointStatus"] != "InService":
        assert time.monotonic() < give_up
        time.sleep(0.1)


def test_the_api_says_what_it_said(upgraded):
    kept, server = upgraded
    names = "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"
    assert [server.env[name] for name in names] == kept["keys"]
    in_service(server.client("sagemaker"))
    said = told(server.client)
    for what, before in kept.items():
        if what in said:
            assert said[what] == before, what


def test_every_account_has_its_own_objects_and_no_other_account_has(upgraded):
    kept, server = upgraded
    second = boto3.client(
        "s3",
        endpoint_url=server.url,
        aws_access_key_id="AKIAKEPTFIXTURE00001",
        aws_secret_access_key="of-a-fixture-and-nothing-else-000000000",
        region_name="us-east-1",
    )
    for name in kept[SECOND_ACCOUNT]["objects"]:
        bucket, _, key = name.partition("/")
        assert second.get_object(Bucket=bucket, Key=key)["Body"].read()
        with pytest.raises(second.exceptions.ClientError, match=r"AccessDenied|403"):
            server.client("s3").get_object(Bucket=bucket, Key=key)


def test_what_was_there_can_be_changed(upgraded):
    """A record that can be read and not written back would be half an upgrade."""
    _, server = upgraded
    sagemaker = server.client("sagemaker")
    arn = sagemaker.describe_auto_ml_job(AutoMLJobName=JOB)["AutoMLJobArn"]
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "upgraded", "Value": "yes"}])
    sagemaker.delete_tags(ResourceArn=arn, TagKeys=["upgraded"])
    s3, bucket = server.client("s3"), server.env["WINDVANE_BUCKET"]
    s3.copy_object(
        Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "train/kept.csv"}
    )
    before = s3.get_object(Bucket=bucket, Key="train/kept.csv")["Body"].read()
    assert s3.get_object(Bucket=bucket, Key="copy")["Body"].read() == before
    s3.delete_object(Bucket=bucket, Key="copy")


def test_a_data_folder_is_kept_of_the_schema_before_the_newest_at_least():
    """make.py leaves one of the version that is installed."""
    known = known_revisions()
    kept = [version.removeprefix("v").partition("-") for version in VERSIONS]
    assert {store for store, _, _ in kept} <= set(known)
    store, _, index = max(kept)
    newest = f"python tests/upgrades/make.py tests/upgrades/v{known[-1]}-{len(MIGRATIONS)}"
    assert store in known[-2:], newest
    assert int(index or 1) >= len(MIGRATIONS) - 1, newest
