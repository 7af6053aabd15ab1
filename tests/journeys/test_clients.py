"""docs/clients.md as it stands, on one server that speaks TLS, and what the page says of TLS, STS and mapped buckets."""

import json
import os
import re
import subprocess
import sys
import tomllib
import urllib.error
import urllib.request

import boto3
import pytest
from botocore.exceptions import ClientError
from journeys.pages import blocks, look_like_a_clone, run
from journeys.running import RunningServer
from journeys.small import table

PAGE = "docs/clients.md"
SAMPLES = "sagemaker-example-files-prod-us-east-1"


class TlsServer(RunningServer):
    """Started as the page says, on a free port."""

    def client(self, service, **options):
        return super().client(service, verify=self.env["AWS_CA_BUNDLE"], **options)


@pytest.fixture(scope="module")
def folder(tmp_path_factory, server):
    """A clone with samples, and the page's configuration with one entry more: the other journeys' server."""
    clone = tmp_path_factory.mktemp("clients")
    look_like_a_clone(clone)
    (clone / "samples" / "datasets" / "tabular").mkdir(parents=True)
    (clone / "samples" / "datasets" / "tabular" / "small.csv").write_bytes(table(of_classes=True))
    entries = {
        "name": "mirror-*",
        "endpoint": server.url,
        "access_key": server.env["AWS_ACCESS_KEY_ID"],
        "secret_key": server.env["AWS_SECRET_ACCESS_KEY"],
    }
    [(_, configuration)] = blocks(PAGE, "toml")
    mirror = "".join(f'{name} = "{value}"\n' for name, value in entries.items())
    (clone / "windvane.toml").write_text(f"{configuration}\n[[buckets]]\n{mirror}")
    return clone


@pytest.fixture(scope="module")
def tls_server(folder):
    [start] = [text for _, text in blocks(PAGE, "sh") if "windvane serve" in text]
    make, _, serve = start.replace("\\\n", " ").strip().partition("\n")
    run(("sh", make), folder, dict(os.environ))
    arguments = serve.split()
    assert arguments[:4] == [".venv/bin/windvane", "serve", "--data-dir", "./windvane-data"]
    options = [str(folder / one) if "." in one else one for one in arguments[4:]]
    running = TlsServer(folder / "windvane-data", *options)
    assert running.url.startswith("https://127.0.0.1:")
    yield running
    running.stop()


@pytest.mark.long
def test_the_commands_of_the_page_work_in_their_order(tls_server, folder):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment |= {"HOME": str(folder), "AWS_PAGER": "", "SAGEMAKER_SUPPRESS_V2_WARNING": "1"}
    said = []
    for block in blocks(PAGE, "sh", "python"):
        if "windvane serve" not in block[1]:
            sdk3 = "sagemaker.core" in block[1]
            python = ".venv/sdk3/bin/python" if sdk3 else ".venv/bin/python"
            output, environment = run(block, folder, environment, python)
            said.append(output)
    told = "\n".join(said)
    assert told.count(f"{tls_server.env['WINDVANE_ROLE_ARN']}\n") == 1
    assert ":assumed-role/windvane/docs" in told
    assert "small.csv" in told
    assert (folder / "small.csv").read_bytes() == table(of_classes=True)
    copied = tls_server.client("s3").list_objects_v2(
        Bucket=tls_server.env["WINDVANE_BUCKET"], Prefix="datasets/"
    )
    assert [entry["Key"] for entry in copied["Contents"]] == ["datasets/tabular/small.csv"]


def test_what_no_test_runs_is_at_least_well_formed():
    [(_, connection)] = blocks(PAGE, "json")
    extra = json.loads(connection)["extra"]
    assert extra["service_config"]["sts"]["endpoint_url"] == extra["endpoint_url"]
    [(_, provider)] = blocks(PAGE, "hcl")
    endpoints = re.search(r"endpoints \{(.*?)\}", provider, re.DOTALL)[1]
    assert set(re.findall(r"^ +(\w+) +=", endpoints, re.MULTILINE)) == {
        "sagemaker",
        "sts",
        "iam",
        "s3",
        "cloudwatch",
        "appautoscaling",
    }
    [(_, configuration)] = blocks(PAGE, "toml")
    assert len(tomllib.loads(configuration)["buckets"]) == 2


FIXED_ADDRESS = """
import os, socket
from urllib.parse import urlsplit

port, resolve = urlsplit(os.environ["AWS_ENDPOINT_URL"]).port, socket.getaddrinfo

def resolve_sts_here(host, *rest, **options):  # as a line in /etc/hosts and port 443 would
    if host == "sts.us-east-1.amazonaws.com":
        host, rest = "127.0.0.1", (port, *rest[1:])
    return resolve(host, *rest, **options)

socket.getaddrinfo = resolve_sts_here
import sagemaker

session = sagemaker.Session()
print(session.account_id(), sagemaker.get_execution_role(session), session.default_bucket())
"""


def test_the_sdks_fixed_address_of_sts_can_lead_to_the_server(tls_server, tmp_path):
    environment = tls_server.shell_env(HOME=str(tmp_path), SAGEMAKER_SUPPRESS_V2_WARNING="1")
    del environment["SAGEMAKER_USER_CONFIG_OVERRIDE"]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FIXED_ADDRESS],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.split()[-3:] == [
        "000000000000",
        tls_server.env["WINDVANE_ROLE_ARN"],
        tls_server.env["WINDVANE_BUCKET"],
    ]


def test_objects_travel_over_tls_as_they_do_without(tls_server, tmp_path):
    s3, bucket = tls_server.client("s3"), tls_server.env["WINDVANE_BUCKET"]
    content = os.urandom(1 << 20) * 9
    (tmp_path / "up").write_bytes(content)
    s3.upload_file(str(tmp_path / "up"), bucket, "tls/in parts")
    s3.download_file(bucket, "tls/in parts", str(tmp_path / "down"))
    assert (tmp_path / "down").read_bytes() == content
    url = s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "tls/in parts"})
    assert url.startswith("https://")
    with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
        urllib.request.urlopen(url)
    wrong = boto3.client(
        "s3",
        endpoint_url=tls_server.url,
        verify=tls_server.env["AWS_CA_BUNDLE"],
        aws_access_key_id=tls_server.env["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key="wrong",
        region_name="us-east-1",
    )
    with pytest.raises(ClientError) as refused:
        wrong.list_buckets()
    assert refused.value.response["Error"]["Code"] == "SignatureDoesNotMatch"


def test_a_job_reads_a_mapped_bucket_and_may_not_write_to_one(tls_server):
    samples = f"s3://{SAMPLES}/datasets/"
    tls_server.create_job("samples", samples, GenerateCandidateDefinitionsOnly=True)
    job = tls_server.wait_for_job("samples")
    assert job["AutoMLJobSecondaryStatus"] == "CandidateDefinitionsGenerated", job
    with pytest.raises(ClientError, match=r"only read: it stands for .*\[\[buckets\]\]"):
        tls_server.create_job("writes", samples, OutputDataConfig={"S3OutputPath": samples})
    with pytest.raises(ClientError, match="No S3 objects found under S3 URL"):
        tls_server.create_job("nothing", f"s3://{SAMPLES}/none")


def test_a_mapped_bucket_of_another_store_is_read_there(tls_server, server):
    server.client("s3").create_bucket(Bucket="mirror-1")
    server.client("s3").put_object(Bucket="mirror-1", Key="a b/ä", Body=b"there")
    here = tls_server.client("s3")
    assert here.get_object(Bucket="mirror-1", Key="a b/ä")["Body"].read() == b"there"
    assert here.list_objects_v2(Bucket="mirror-1")["Contents"][0]["Key"] == "a b/ä"
    with pytest.raises(ClientError) as refused:
        here.put_object(Bucket="mirror-1", Key="planted", Body=b"x")
    assert refused.value.response["Error"]["Code"] == "AccessDenied"
    with pytest.raises(ClientError) as missing:
        here.head_object(Bucket="mirror-2", Key="x")
    assert missing.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404
