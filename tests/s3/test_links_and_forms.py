"""Presigned links of both versions, and uploads by an HTML form."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from s3.house import OURS, SECRET, Answer, S3House

both = pytest.mark.parametrize("version", ["s3", "s3v4"])


def target_of(link: str) -> str:
    parts = urlsplit(link)
    return f"{parts.path}?{parts.query}"


@both
def test_links_read_and_write(house: S3House, s3: Any, bucket: str, version: str) -> None:
    signing = house.client(signature_version=version)
    asked = {"Bucket": bucket, "Key": "a b/ü+%"}
    put = target_of(signing.generate_presigned_url("put_object", asked))
    assert house.ask("PUT", put, [("content-length", "5")], b"hello").status == 200
    for operation in ("get_object", "head_object"):
        link = target_of(signing.generate_presigned_url(operation, asked))
        answer = house.ask("HEAD" if operation == "head_object" else "GET", link)
        assert (answer.status, answer.headers["content-length"]) == (200, "5")
    assert s3.get_object(**asked)["Body"].read() == b"hello"


@both
def test_a_changed_link_is_refused(house: S3House, s3: Any, bucket: str, version: str) -> None:
    signing = house.client(signature_version=version)
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    s3.put_object(Bucket=bucket, Key="other", Body=b"x")
    link = target_of(signing.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "k"}))
    assert house.ask("GET", link).status == 200
    for method, changed in (
        ("GET", link.replace("/k?", "/other?")), ("PUT", link), ("DELETE", link),
        ("GET", link + "&versionId=null"), ("GET", link + "&x-amz-acl=private"),
        ("GET", link.replace("Expires=", "Expires=9")),
    ):  # fmt: skip
        assert house.ask(method, changed, [("content-length", "0")]).status in (400, 403)


@both
def test_headers_that_a_link_brings_count(
    house: S3House, s3: Any, bucket: str, version: str
) -> None:
    signing = house.client(signature_version=version)
    asked = {"Bucket": bucket, "Key": "k", "Metadata": {"a": "b"}}
    link = target_of(signing.generate_presigned_url("put_object", asked))
    headers = [("content-length", "0")]
    if version == "s3v4":
        assert house.ask("PUT", link, headers).status == 403
        headers.append(("x-amz-meta-a", "b"))
    assert house.ask("PUT", link, headers).status == 200
    assert s3.head_object(Bucket=bucket, Key="k")["Metadata"] == {"a": "b"}


def test_a_link_of_version_4_may_bring_headers_in_its_query(
    house: S3House, s3: Any, bucket: str
) -> None:
    """As the SDKs of Go, Java and JavaScript make them."""
    request = AWSRequest(
        "PUT", f"http://windvane.test/{bucket}/k?X-Amz-Meta-A=%C3%BC&x-amz-tagging=t%3D1"
    )
    S3SigV4QueryAuth(Credentials(OURS, SECRET), "s3", "us-east-1").add_auth(request)
    link = target_of(request.url)
    assert house.ask("PUT", link, [("content-length", "0")]).status == 200
    head = s3.head_object(Bucket=bucket, Key="k")
    assert (head["Metadata"], head["TagCount"]) == ({"a": "ü".encode().decode("latin-1")}, 1)
    assert (
        house.ask("PUT", link.replace("Meta-A=%C3", "Meta-B=%C3"), [("content-length", "0")]).status
        == 403
    )


@pytest.mark.parametrize("value", ["a%0D%0Ax-own:%20b", "%00"])
def test_no_header_is_smuggled_by_a_link(house: S3House, bucket: str, value: str) -> None:
    request = AWSRequest("PUT", f"http://windvane.test/{bucket}/k?X-Amz-Meta-A={value}")
    S3SigV4QueryAuth(Credentials(OURS, SECRET), "s3", "us-east-1").add_auth(request)
    answer = house.ask("PUT", target_of(request.url), [("content-length", "0")])
    assert answer.status == 400


@both
def test_no_header_is_smuggled_by_a_form(
    house: S3House, s3: Any, bucket: str, version: str
) -> None:
    for value, status in (("a\r\nx-own: b", 400), ("漢", 204)):
        fields = {"x-amz-meta-a": value}
        answer = post(house, version, bucket, fields=fields, conditions=[fields])
        assert answer.status == status
    assert (
        s3.head_object(Bucket=bucket, Key="k")["Metadata"]["a"].encode("latin-1").decode() == "漢"
    )


def form(fields: dict[str, str], content: bytes, name: str = "f.txt") -> tuple[list[Any], bytes]:
    parts = [
        f'--b\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
        for key, value in fields.items()
    ]
    head = f'--b\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    body = b"".join([*parts, head.encode(), content, b"\r\n--b--\r\n"])
    headers = [
        ("content-type", "multipart/form-data; boundary=b"),
        ("content-length", str(len(body))),
    ]
    return headers, body


def post(
    house: S3House, version: str, bucket: str, content: bytes = b"hello", **changes: Any
) -> Answer:
    signing = house.client(signature_version=version)
    fields, conditions = changes.get("fields", {}), changes.get("conditions", [])
    made = signing.generate_presigned_post(bucket, changes.get("key", "k"), fields, conditions)
    headers, body = form(made["fields"] | changes.get("sent", {}), content)
    return house.ask(
        "POST", f"/{bucket}", headers, [body[i : i + 50] for i in range(0, len(body), 50)]
    )


@both
def test_a_form_uploads(house: S3House, s3: Any, bucket: str, version: str) -> None:
    kept = {"Content-Type": "text/x-own", "x-amz-meta-a": "b", "success_action_status": "201"}
    conditions = [{name: value} for name, value in kept.items()]
    conditions.append(["content-length-range", 1, 300_000])
    content = b"\r\n--a-not-the-end" * 10_000
    answer = post(
        house, version, bucket, content, fields=kept, conditions=conditions, key="d/${filename}"
    )
    assert answer.status == 201
    assert b"<Key>d/f.txt</Key>" in answer.body
    got = s3.get_object(Bucket=bucket, Key="d/f.txt")
    assert got["Body"].read() == content
    assert (got["ContentType"], got["Metadata"]) == ("text/x-own", {"a": "b"})


@both
@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"sent": {"key": "other"}}, 403),
        ({"sent": {"x-amz-meta-b": "c"}}, 403),
        ({"sent": {"policy": "e30="}}, 403),
        ({"conditions": [["content-length-range", 6, 9]]}, 400),
        ({"conditions": [["content-length-range", 0, 4]]}, 400),
        ({"conditions": [["starts-with", "$x-amz-meta-c", "d"]]}, 403),
        ({"sent": {"x-ignore-me": "1"}}, 204),
    ],
)
def test_a_form_keeps_to_its_policy(
    house: S3House, s3: Any, bucket: str, version: str, changes: dict[str, Any], status: int
) -> None:
    assert post(house, version, bucket, **changes).status == status
    assert ("Contents" in s3.list_objects_v2(Bucket=bucket)) == (status == 204)


def test_a_form_without_a_policy_is_nobodys(house: S3House, bucket: str) -> None:
    headers, body = form({"key": "k"}, b"x")
    assert house.ask("POST", f"/{bucket}", headers, body).status == 403


@pytest.mark.parametrize(
    "policy",
    [
        {}, [], {"expiration": "2030-01-01T00:00:00Z"}, {"expiration": "soon", "conditions": [{"a": "b"}]},
        {"expiration": "2030-01-01T00:00:00Z", "conditions": []},
        {"expiration": "2030-01-01T00:00:00Z", "conditions": [{}]},
        {"expiration": "2030-01-01T00:00:00Z", "conditions": [["in", "$key", "k"]]},
        {"expiration": "2030-01-01T00:00:00Z", "conditions": [["content-length-range", -1, "x"]]},
    ],
)  # fmt: skip
def test_a_policy_that_is_none(house: S3House, bucket: str, policy: Any) -> None:
    from windvane.wire.s3.presigned_v2 import sign

    text = base64.b64encode(json.dumps(policy).encode()).decode()
    fields = {"key": "k", "AWSAccessKeyId": OURS, "policy": text, "signature": sign(SECRET, text)}
    headers, body = form(fields, b"x")
    answer = house.ask("POST", f"/{bucket}", headers, body)
    assert answer.status == 400
    assert b"<Code>InvalidPolicyDocument</Code>" in answer.body


@pytest.mark.parametrize(
    "body",
    [
        b"", b"--b", b"--b\r\n\r\n", b"--c\r\n", b"--b--\r\n", b"x" * 100_000,
        b'--b\r\nContent-Disposition: form-data; name="key"\r\n\r\n' + b"k" * 50_000 + b"\r\n--b--",
        b'--b\r\nContent-Disposition: form-data; name="key"\r\n\r\nk\r\n--b--\r\n',
        b"--b\r\n" + b"X: y\r\n" * 5000 + b"\r\n",
    ],
)  # fmt: skip
def test_a_body_that_is_no_form(house: S3House, bucket: str, body: bytes) -> None:
    headers = [
        ("content-type", "multipart/form-data; boundary=b"),
        ("content-length", str(len(body))),
    ]
    assert 400 <= house.ask("POST", f"/{bucket}", headers, body).status < 500
