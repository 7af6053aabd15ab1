"""Buckets that are read from a folder or from another store, through a real client.

Two gateways: the outer one maps buckets to folders and to the inner one, which maps the same folder.
"""

from __future__ import annotations

import hashlib
import http.client
import socket
import threading
import urllib.request
from datetime import UTC, datetime
from functools import partial

import boto3
import pytest
import uvicorn
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from s3.gateways import external_gateway

from windvane.artifacts.folder import Folder
from windvane.wire.call import Credential, RequestRecord
from windvane.wire.s3.forward import Upstream
from windvane.wire.s3.mapped import MappedBucket

OURS, THEIRS = "111111111111", "222222222222"
BIG = bytes(range(256)) * 4000
FILES = {
    "data/churn.txt": b"a,b\n1,2\n",
    "data/deep/er.csv": b"x",
    "data-side": b"",
    "ä b+c%2F.json": b"{}",
    "big": BIG,
}


class AccountsAsKeys:
    def credential(self, access_key: str, session_token: str, now: datetime) -> Credential | None:
        if access_key not in (OURS, THEIRS):
            return None
        return Credential(access_key, access_key, "secret", "arn:aws:sts::1:assumed-role/r/s", "A")


class Store:
    """What the gateway passes on to: keeps what is put."""

    def __init__(self) -> None:
        self.put: dict[str, tuple[dict[str, str], bytes]] = {}

    async def close(self) -> None: ...

    async def __call__(self, record, scope, receive, send) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        path = f"{scope['path']}?{scope['query_string'].decode()}".rstrip("?")
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.put[path] = (headers, body)
        etag = f'"{hashlib.md5(body).hexdigest()}"'.encode()
        start = {"type": "http.response.start", "status": 200, "headers": [(b"etag", etag)]}
        await send(start)
        await send({"type": "http.response.body", "body": b""})


def gateway(store_url, mapped, patience_s=20.0):
    return external_gateway(
        store_url, AccountsAsKeys(), lambda: datetime.now(UTC), mapped.get, patience_s
    )


class Closing:
    """Closes a gateway on its own loop, when the server ends."""

    def __init__(self, app) -> None:
        self._app = app

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] == "http":
            await self._app(RequestRecord("request"), scope, receive, send)
            return
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._app.close()
        await send({"type": "lifespan.shutdown.complete"})


class Serving:
    def __init__(self, app) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._server = uvicorn.Server(
            uvicorn.Config(Closing(app), lifespan="on", log_level="critical")
        )
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._listener]}
        )
        self._thread.start()

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._listener.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("samples")
    for key, content in FILES.items():
        (root / key).parent.mkdir(parents=True, exist_ok=True)
        (root / key).write_bytes(content)
    return root


@pytest.fixture(scope="module")
def store():
    return Store()


@pytest.fixture(scope="module")
def stored(store):
    serving = Serving(store)
    yield serving
    serving.stop()


@pytest.fixture(scope="module")
def url(folder, stored):
    samples = Folder(folder)
    inner_buckets = {
        name: MappedBucket(samples, "eu-west-1", accounts)
        for name, accounts in {"far": (), "far-closed": (OURS,)}.items()
    }
    inner = Serving(gateway(stored.url, inner_buckets))

    def upstream(key):
        return Upstream(inner.url, key, "secret" if key else "", "us-east-1")

    outer_buckets = {
        "samples": MappedBucket(samples, "us-east-1", ()),
        "closed": MappedBucket(samples, "us-east-1", (OURS,)),
        "gone": MappedBucket(Folder(folder / "none"), "us-east-1", ()),
        "far": MappedBucket(upstream(""), "us-east-1", ()),
        "far-closed": MappedBucket(upstream(OURS), "us-east-1", ()),
    }
    outer = Serving(gateway(stored.url, outer_buckets))
    yield outer.url
    for serving in (outer, inner):
        serving.stop()


def client_at(url, account=OURS, **config):
    return boto3.client(
        "s3",
        endpoint_url=url,
        aws_access_key_id=account,
        aws_secret_access_key="secret",
        region_name="us-east-1",
        config=Config(retries={"total_max_attempts": 1}, **config),
    )


@pytest.fixture(scope="module")
def client_of(url):
    return partial(client_at, url)


@pytest.fixture(scope="module")
def s3(client_of):
    return client_of()


def refusal(call, **parameters):
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    error = caught.value.response
    return error["Error"]["Code"], error["ResponseMetadata"]["HTTPStatusCode"]


everywhere = pytest.mark.parametrize("bucket", ["samples", "far", "far-closed"])


@everywhere
def test_objects_are_read_whole_and_in_ranges(s3, bucket, tmp_path):
    for key, content in FILES.items():
        answer = s3.get_object(Bucket=bucket, Key=key)
        assert answer["Body"].read() == content
        assert answer["ContentLength"] == len(content)
        head = s3.head_object(Bucket=bucket, Key=key)
        assert (head["ContentLength"], head["ETag"]) == (len(content), answer["ETag"])
    s3.download_file(bucket, "big", str(tmp_path / "down"))
    assert (tmp_path / "down").read_bytes() == BIG
    for text, part in (
        ("bytes=5-9", BIG[5:10]),
        ("bytes=1023990-", BIG[1023990:]),
        ("bytes=-7", BIG[-7:]),
        ("bytes=10-99999999", BIG[10:]),
    ):
        answer = s3.get_object(Bucket=bucket, Key="big", Range=text)
        assert answer["Body"].read() == part
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 206
        assert answer["ContentRange"].endswith("/1024000")


@everywhere
def test_conditions_are_kept(s3, bucket):
    head = s3.head_object(Bucket=bucket, Key="data/churn.txt")
    asked = {"Bucket": bucket, "Key": "data/churn.txt"}
    assert s3.get_object(**asked, IfMatch=head["ETag"])["Body"].read() == b"a,b\n1,2\n"
    assert s3.get_object(**asked, IfNoneMatch='"other"')["Body"].read() == b"a,b\n1,2\n"
    assert refusal(s3.get_object, **asked, IfMatch='"other"') == ("PreconditionFailed", 412)
    assert refusal(s3.get_object, **asked, IfNoneMatch=head["ETag"]) == ("304", 304)
    assert refusal(s3.get_object, **asked, IfModifiedSince=head["LastModified"]) == ("304", 304)
    long_ago = datetime(2000, 1, 1, tzinfo=UTC)
    assert refusal(s3.get_object, **asked, IfUnmodifiedSince=long_ago)[1] == 412


@everywhere
def test_what_is_missing_is_told_in_the_words_of_s3(s3, bucket):
    assert refusal(s3.get_object, Bucket=bucket, Key="none") == ("NoSuchKey", 404)
    assert refusal(s3.head_object, Bucket=bucket, Key="none") == ("404", 404)
    assert refusal(s3.get_object, Bucket=bucket, Key="big", Range="bytes=1024000-") == (
        "InvalidRange",
        416,
    )


@everywhere
def test_a_listing_has_keys_and_common_prefixes(s3, bucket):
    listed = s3.list_objects_v2(Bucket=bucket)
    assert [entry["Key"] for entry in listed["Contents"]] == sorted(FILES)
    assert [entry["Size"] for entry in listed["Contents"]] == [
        len(FILES[key]) for key in sorted(FILES)
    ]
    assert listed["KeyCount"] == len(FILES)
    top = s3.list_objects_v2(Bucket=bucket, Delimiter="/", Prefix="data")
    assert [entry["Prefix"] for entry in top["CommonPrefixes"]] == ["data/"]
    assert [entry["Key"] for entry in top["Contents"]] == ["data-side"]
    inside = s3.list_objects(Bucket=bucket, Delimiter="/", Prefix="data/")
    assert [entry["Prefix"] for entry in inside["CommonPrefixes"]] == ["data/deep/"]
    assert [entry["Key"] for entry in inside["Contents"]] == ["data/churn.txt"]
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket, Prefix="none")
    after = s3.list_objects_v2(Bucket=bucket, StartAfter="data/churn.txt")
    assert [entry["Key"] for entry in after["Contents"]] == sorted(FILES)[3:]


@everywhere
@pytest.mark.parametrize("operation", ["list_objects_v2", "list_objects"])
@pytest.mark.parametrize("delimiter", ["", "/", "e"])
def test_pages_hold_each_entry_once(s3, bucket, operation, delimiter):
    pages = s3.get_paginator(operation).paginate(
        Bucket=bucket, Delimiter=delimiter, PaginationConfig={"PageSize": 1}
    )
    entries = []
    for page in pages:
        found = [entry["Key"] for entry in page.get("Contents", ())]
        found += [entry["Prefix"] for entry in page.get("CommonPrefixes", ())]
        assert len(found) == 1
        entries += found
    cut = {
        key[: key.index(delimiter) + 1] if delimiter and delimiter in key else key for key in FILES
    }
    assert entries == sorted(cut)


@everywhere
def test_the_bucket_itself_is_there(s3, bucket):
    assert s3.head_bucket(Bucket=bucket)["ResponseMetadata"]["HTTPStatusCode"] == 200
    region = s3.get_bucket_location(Bucket=bucket)["LocationConstraint"]
    assert region == (None if bucket == "samples" else "eu-west-1")


@pytest.mark.parametrize("bucket", ["samples", "far"])
def test_it_is_read_without_a_signature_too(client_of, bucket):
    anonymous = client_of(signature_version=UNSIGNED)
    assert (
        anonymous.get_object(Bucket=bucket, Key="data/churn.txt")["Body"].read()
        == FILES["data/churn.txt"]
    )
    assert anonymous.list_objects_v2(Bucket=bucket)["KeyCount"] == len(FILES)


def test_nobody_borrows_our_key_without_one(client_of):
    anonymous = client_of(signature_version=UNSIGNED)
    asked = {"Bucket": "far-closed", "Key": "big"}
    assert refusal(anonymous.get_object, **asked) == ("AccessDenied", 403)
    assert client_of(THEIRS).head_object(**asked)["ContentLength"] == len(BIG)


@everywhere
def test_a_presigned_url_is_good_for_it(client_of, bucket):
    signing = client_of(signature_version="s3v4")
    asked = {"Bucket": bucket, "Key": "data/churn.txt"}
    with urllib.request.urlopen(signing.generate_presigned_url("get_object", asked)) as answer:
        assert answer.read() == FILES["data/churn.txt"]


@everywhere
def test_a_wrong_signature_is_refused_even_there(url, bucket):
    wrong = boto3.client(
        "s3",
        endpoint_url=url,
        aws_access_key_id=OURS,
        aws_secret_access_key="wrong",
        region_name="us-east-1",
    )
    asked = {"Bucket": bucket, "Key": "big"}
    assert refusal(wrong.get_object, **asked) == ("SignatureDoesNotMatch", 403)


@everywhere
def test_nothing_is_written(s3, bucket, store):
    before = dict(store.put)
    target = {"Bucket": bucket, "Key": "big"}
    assert refusal(s3.put_object, **target, Body=b"x") == ("AccessDenied", 403)
    assert refusal(s3.delete_object, **target) == ("AccessDenied", 403)
    assert refusal(s3.create_multipart_upload, **target) == ("AccessDenied", 403)
    objects = {"Objects": [{"Key": "big"}]}
    assert refusal(s3.delete_objects, Bucket=bucket, Delete=objects) == ("AccessDenied", 403)
    assert refusal(s3.delete_bucket, Bucket=bucket) == ("AccessDenied", 403)
    assert refusal(s3.create_bucket, Bucket=bucket) == ("BucketAlreadyExists", 409)
    assert store.put == before


def test_a_bucket_for_some_accounts_is_closed_to_others(client_of):
    assert client_of(OURS).head_object(Bucket="closed", Key="big")["ContentLength"] == len(BIG)
    for other in (client_of(THEIRS), client_of(signature_version=UNSIGNED)):
        asked = {"Bucket": "closed", "Key": "big"}
        assert refusal(other.get_object, **asked) == ("AccessDenied", 403)
        assert refusal(other.list_objects_v2, Bucket="closed") == ("AccessDenied", 403)


@everywhere
def test_objects_are_copied_into_the_store(s3, bucket, store):
    source = {"Bucket": bucket, "Key": "ä b+c%2F.json"}
    copied = s3.copy_object(Bucket="mine", Key="copy", CopySource=source, Metadata={"a": "b"})
    assert copied["CopyObjectResult"]["ETag"] == f'"{hashlib.md5(b"{}").hexdigest()}"'
    headers, body = store.put["/mine/copy"]
    assert body == b"{}"
    assert headers["content-type"] == "application/json"
    assert headers["x-amz-meta-a"] == "b"
    assert "x-amz-copy-source" not in headers
    part = s3.upload_part_copy(
        Bucket="mine",
        Key="parts",
        CopySource={"Bucket": bucket, "Key": "big"},
        CopySourceRange="bytes=256-511",
        PartNumber=2,
        UploadId="u",
    )
    [(_, body)] = [kept for path, kept in store.put.items() if path.startswith("/mine/parts")]
    assert body == BIG[256:512]
    assert part["CopyPartResult"]["ETag"] == f'"{hashlib.md5(body).hexdigest()}"'
    store.put.clear()
    missing = {"Bucket": bucket, "Key": "none"}
    target = {"Bucket": "mine", "Key": "copy"}
    assert refusal(s3.copy_object, **target, CopySource=missing) == ("NoSuchKey", 404)
    assert store.put == {}


def test_nobody_copies_out_of_a_bucket_that_is_closed_to_them(client_of, store):
    source = {"Bucket": "closed", "Key": "big"}
    theirs = client_of(THEIRS)
    asked = {"Bucket": "mine", "Key": "stolen", "CopySource": source}
    assert refusal(theirs.copy_object, **asked) == ("AccessDenied", 403)
    assert store.put == {}


@pytest.mark.parametrize(
    "path",
    [
        "/far-closed/../far/big",
        "/far/../far-closed/big",
        "/far-closed/%2e%2e/far/big",
        "/far/a/%2E/big",
        "/samples/../samples/big",
        "/samples/%2e%2e/%2e%2e/etc/passwd",
    ],
)
def test_no_path_leads_out_of_the_bucket(url, path):
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 403", b"HTTP/1.1 404")), answer


def test_what_a_folder_cannot_do_is_said(s3):
    assert refusal(s3.get_object_tagging, Bucket="samples", Key="big") == ("NotImplemented", 501)
    assert refusal(s3.get_bucket_acl, Bucket="samples") == ("NotImplemented", 501)
    asked = {"Bucket": "samples", "ContinuationToken": "none of ours"}
    assert refusal(s3.list_objects_v2, **asked) == ("InvalidArgument", 400)


def test_a_folder_that_went_away_is_no_bucket(s3):
    assert refusal(s3.list_objects_v2, Bucket="gone") == ("NoSuchBucket", 404)
    assert refusal(s3.get_object, Bucket="gone", Key="big") == ("NoSuchKey", 404)


@pytest.mark.slow
def test_an_upload_that_stalls_is_given_up_and_told_so(stored):
    impatient = Serving(gateway(stored.url, {}, patience_s=0.2))
    target = {"Bucket": "mine", "Key": "stalled"}
    client = client_at(impatient.url, signature_version="s3v4")
    signed = client.generate_presigned_url("put_object", target)
    connection = http.client.HTTPConnection(impatient.url.removeprefix("http://"), timeout=240)
    connection.putrequest("PUT", signed[signed.index("/mine") :])
    connection.putheader("Content-Length", "10")
    connection.endheaders(b"abc")
    answer = connection.getresponse()
    told = answer.read()
    connection.close()
    impatient.stop()
    assert answer.status == 400
    assert b"<Code>RequestTimeout</Code>" in told
    assert b"longer than 0.2 s" in told
