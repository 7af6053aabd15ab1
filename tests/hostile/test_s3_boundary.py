"""Attacks on S3's boundary that went through before there was a store of our own, and their kin."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from s3.house import OURS, THEIRS, Answer, S3House, refusal
from s3.signing import sha256, sign, signed

from windvane.objects.records import Attributes

SECRET_TEXT = b"what nobody else may read"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3House]:
    made = S3House(tmp_path_factory.mktemp("boundary"))
    theirs, ours = made.client(THEIRS), made.client()
    theirs.create_bucket(Bucket="theirs")
    theirs.put_object(Bucket="theirs", Key="secret", Body=SECRET_TEXT)
    ours.create_bucket(Bucket="ours")
    yield made
    made.close()


def code_of(answer: Answer) -> str:
    return answer.body.partition(b"<Code>")[2].partition(b"</Code>")[0].decode()


def is_there(house: S3House, key: str) -> bool:
    listed = house.client().list_objects_v2(Bucket="ours", Prefix=key)
    return bool(listed["KeyCount"])


@pytest.mark.parametrize("second", ["", "/ours/x", "/theirs/secret"])
@pytest.mark.parametrize("first", ["/theirs/secret", "/ours/x"])
def test_two_copy_sources_are_refused(house: S3House, first: str, second: str) -> None:
    """Attack 1: the gateway checked the last of two x-amz-copy-source headers, the store took the first."""
    headers = [("x-amz-copy-source", first), ("x-amz-copy-source", second)]
    answer = house.ask("PUT", "/ours/stolen", signed("PUT", "/ours/stolen", headers))
    assert (answer.status, code_of(answer)) == (400, "InvalidRequest")
    assert not is_there(house, "stolen")


@pytest.mark.parametrize(
    "name",
    ["x-amz-date", "x-amz-content-sha256", "x-amz-decoded-content-length", "content-md5", "range"],
)
def test_other_headers_are_refused_twice_too(house: S3House, name: str) -> None:
    """Attack 1, with any other header that one part may read otherwise than the next."""
    headers = [*signed("GET", "/ours/x", [(name, "1"), (name, "")])]
    assert code_of(house.ask("GET", "/ours/x", headers)) == "InvalidRequest"


def test_a_link_brings_no_header_that_is_in_the_head_too(house: S3House) -> None:
    """Attack 1, through the query of a presigned link."""
    s3 = house.client(signature_version="s3v4")
    link = s3.generate_presigned_url("put_object", {"Bucket": "ours", "Key": "stolen"})
    target = link.removeprefix("http://windvane.test") + "&X-Amz-Copy-Source=%2Ftheirs%2Fsecret"
    answer = house.ask("PUT", target, [("x-amz-copy-source", "/ours/x")])
    assert answer.status in (400, 403)
    assert house.ask("PUT", target, [("content-length", "0")]).status == 403
    assert not is_there(house, "stolen")


@pytest.mark.parametrize(
    "headers",
    [
        [("x-amz-acl", "public-read-write")],
        [("x-amz-acl", "nonsense")],
        [("x-amz-grant-full-control", 'id="x"')],
        [("x-amz-object-ownership", "ObjectWriter")],
        [("x-amz-bucket-object-lock-enabled", "true")],
    ],
)
def test_a_bucket_is_not_taken_over_by_a_bad_request(house: S3House, headers: Any) -> None:
    """Attack 3: PUT /bucket with a bad ACL released the owner's claim, and the next to ask became the owner."""
    for account in (OURS, THEIRS):
        answer = house.ask("PUT", "/theirs", signed("PUT", "/theirs", headers, account=account))
        assert 400 <= answer.status < 500 or answer.status == 501
    assert refusal(house.client().create_bucket, Bucket="theirs") == ("BucketAlreadyExists", 409)
    found = house.client(THEIRS).get_object(Bucket="theirs", Key="secret")
    assert found["Body"].read() == SECRET_TEXT
    assert house.store.owner("theirs") == THEIRS


def test_a_body_that_is_no_xml_takes_no_bucket_either(house: S3House) -> None:
    """Attack 3, with a body in place of the ACL; and a bucket that is refused is nobody's."""
    body = b"<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><CreateBucketConfiguration/>"
    for bucket in ("theirs", "never-made"):
        headers = signed("PUT", f"/{bucket}", [("content-length", str(len(body)))], sha256(body))
        answer = house.ask("PUT", f"/{bucket}", headers, body)
        assert (answer.status, code_of(answer)) == (400, "MalformedXML")
    assert house.store.owner("theirs") == THEIRS
    assert house.store.owner("never-made") is None


@pytest.mark.parametrize("pieces", [[b"other"], [b"o", b"ther"]])
def test_a_body_other_than_the_one_signed_is_not_stored(
    house: S3House, pieces: list[bytes]
) -> None:
    """Attack 6: x-amz-content-sha256 was signed and not compared, so any body was stored."""
    headers = signed("PUT", "/ours/changed", [("content-length", "5")], sha256(b"first"))
    answer = house.ask("PUT", "/ours/changed", headers, pieces)
    assert (answer.status, code_of(answer)) == (400, "XAmzContentSHA256Mismatch")
    assert not is_there(house, "changed")


def test_a_form_to_delete_other_objects_is_not_obeyed(house: S3House) -> None:
    """Attack 6, on a body that is no object: what is deleted is what was signed."""
    house.client().put_object(Bucket="ours", Key="kept", Body=b"x")
    asked, sent = (
        f"<Delete><Object><Key>{key}</Key></Object></Delete>".encode() for key in ("none", "kept")
    )
    headers = signed("POST", "/ours?delete=", [("content-length", str(len(sent)))], sha256(asked))
    assert code_of(house.ask("POST", "/ours?delete=", headers, sent)) == "XAmzContentSHA256Mismatch"
    assert is_there(house, "kept")


def _chunk(content: bytes, signature: str) -> bytes:
    return f"{len(content):x};chunk-signature={signature}\r\n".encode() + content + b"\r\n"


@pytest.mark.parametrize("change", ["content", "order", "cut", "none"])
def test_signed_chunks_are_those_that_were_signed(house: S3House, change: str) -> None:
    """Attack 6, in chunks: each is proved by its own signature, in its place, and the last one has to come."""
    parts = [b"a" * 70_000, b"b" * 70_000, b""]
    declared = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
    length = [("x-amz-decoded-content-length", "140000"), ("content-encoding", "aws-chunked")]
    headers, signing = sign("PUT", "/ours/chunks", length, declared)
    previous, chunks = signing.seed, []
    for part in parts:
        previous = signing.chunk(previous, sha256(part))
        chunks.append(_chunk(part, previous))
    if change == "content":
        chunks[1] = chunks[1].replace(b"b", b"c", 1)
    elif change == "order":
        chunks[:2] = reversed(chunks[:2])
    elif change == "cut":
        chunks.pop()
    body = b"".join(chunks)
    headers.append(("content-length", str(len(body))))
    answer = house.ask("PUT", "/ours/chunks", headers, [body[:100_000], body[100_000:]])
    assert (answer.status == 200) == (change == "none"), answer.body
    assert is_there(house, "chunks") == (change == "none")


def test_a_trailing_checksum_that_is_wrong_stores_nothing(house: S3House) -> None:
    """Attack 6, with the checksum behind an unsigned body."""
    body = b"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n"
    extra = [
        ("x-amz-decoded-content-length", "5"),
        ("x-amz-trailer", "x-amz-checksum-crc32"),
        ("content-length", str(len(body))),
    ]
    headers = signed("PUT", "/ours/trailed", extra, "STREAMING-UNSIGNED-PAYLOAD-TRAILER")
    assert code_of(house.ask("PUT", "/ours/trailed", headers, body)) == "BadDigest"
    assert not is_there(house, "trailed")


@pytest.mark.parametrize("key", [OURS, THEIRS])
def test_tables_of_s3_never_reach_the_store(house: S3House, key: str) -> None:
    """Attack 8: requests of S3 Tables (X-Amz-Target at POST /) reached the store with any key."""
    target = [("x-amz-target", "S3Tables.ListTableBuckets")]
    answer = house.ask("POST", "/", signed("POST", "/", target, account=key))
    assert (answer.status, code_of(answer)) == (501, "NotImplemented")
    answer = house.ask(
        "GET", "/theirs/secret", signed("GET", "/theirs/secret", target, account=key)
    )
    assert SECRET_TEXT not in answer.body
    assert answer.status == 501


@pytest.mark.parametrize(
    "name", ["seaweed-identity", "seaweed-owner", "x-amz-request-payer-id", "x-seaweedfs-name"]
)
def test_headers_of_no_operation_mean_nothing(house: S3House, name: str) -> None:
    """Attack 13: a seaweed-* header named the owner's access key to the store, and one came back in answers."""
    headers = signed("GET", "/theirs/secret", [(name, THEIRS)])
    answer = house.ask("GET", "/theirs/secret", headers)
    assert (answer.status, code_of(answer)) == (403, "AccessDenied")
    mine = house.ask("GET", "/theirs/secret", signed("GET", "/theirs/secret", account=THEIRS))
    assert not any(name.startswith(("seaweed", "x-seaweed")) for name in mine.headers)
    assert THEIRS not in str(mine.headers)


def test_nobody_makes_the_default_bucket_of_another_account(house: S3House) -> None:
    """Attack 17: an account could create another's default bucket, and so receive its data."""
    name = f"sagemaker-eu-west-1-{THEIRS}"
    assert refusal(house.client().create_bucket, Bucket=name) == ("BucketAlreadyExists", 409)
    house.client(THEIRS).create_bucket(Bucket=name)


@pytest.mark.parametrize(
    "path",
    ["/theirs/secret", "/ours/../theirs/secret", "/%74heirs/secret", "/theirs//../secret"],
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_no_path_leads_to_another_account(house: S3House, method: str, path: str) -> None:
    """Attack 1 by the path in place of a header: keys are opaque, dots are characters."""
    answer = house.ask(method, path, signed(method, path))
    assert SECRET_TEXT not in answer.body
    found = house.client(THEIRS).get_object(Bucket="theirs", Key="secret")
    assert found["Body"].read() == SECRET_TEXT


@pytest.mark.parametrize(
    "source", ["theirs/secret", "/theirs/secret", "%74heirs/secret", "theirs%2Fsecret"]
)
def test_a_copy_asks_for_both_ends(house: S3House, source: str) -> None:
    """Attack 1 with one header: the source is another account's, however it is spelled."""
    headers = [("x-amz-copy-source", source)]
    answer = house.ask("PUT", "/ours/copied", signed("PUT", "/ours/copied", headers))
    assert (answer.status, code_of(answer)) == (403, "AccessDenied")
    assert not is_there(house, "copied")


def test_a_session_that_may_write_reads_nothing_by_copying(house: S3House) -> None:
    house.client().put_object(Bucket="ours", Key="closed", Body=SECRET_TEXT)
    house.allowed.denied = {("s3:GetObject", "arn:aws:s3:::ours/closed")}
    source = {"Bucket": "ours", "Key": "closed"}
    asked = {"Bucket": "ours", "Key": "opened", "CopySource": source}
    assert refusal(house.client().copy_object, **asked) == ("AccessDenied", 403)
    house.allowed.denied = set()
    assert not is_there(house, "opened")


def test_each_key_of_many_is_asked_for(house: S3House) -> None:
    s3 = house.client()
    for key in ("many/a", "many/b"):
        s3.put_object(Bucket="ours", Key=key, Body=b"x")
    house.allowed.denied = {("s3:DeleteObject", "arn:aws:s3:::ours/many/a")}
    objects = {"Objects": [{"Key": "many/a"}, {"Key": "many/b"}]}
    answer = s3.delete_objects(Bucket="ours", Delete=objects)
    house.allowed.denied = set()
    assert [error["Code"] for error in answer["Errors"]] == ["AccessDenied"]
    assert [deleted["Key"] for deleted in answer["Deleted"]] == ["many/b"]
    assert is_there(house, "many/a")


@pytest.mark.parametrize("extra", ["policy", "encryption", "publicAccessBlock", "attributes"])
def test_an_old_link_is_good_for_what_its_maker_meant(house: S3House, extra: str) -> None:
    """Version 2 does not sign every parameter of a query: one that it leaves out makes a link worthless."""
    link = house.client().generate_presigned_url("list_objects", {"Bucket": "ours"})
    target = link.removeprefix("http://windvane.test")
    assert house.ask("GET", target).status == 200
    assert house.ask("GET", f"{target}&{extra}").status in (400, 403, 405)


def test_an_old_link_is_not_good_beside_another_proof(house: S3House) -> None:
    """What has an Authorization header is no link for the server, which left out what makes a document one of no origin."""
    house.client().put_object(Bucket="ours", Key="page", Body=SECRET_TEXT)
    link = house.client().generate_presigned_url("get_object", {"Bucket": "ours", "Key": "page"})
    target = link.removeprefix("http://windvane.test")
    assert house.ask("GET", target).body == SECRET_TEXT
    answer = house.ask("GET", target, [("authorization", "Basic eDp5")])
    assert (answer.status, b"Only one auth mechanism allowed" in answer.body) == (400, True)


def test_an_old_link_to_a_bucket_is_none_to_an_object(house: S3House) -> None:
    """Of a path the slashes at its end were left out of what was signed, and an object's key may be a slash."""
    house.client().put_object(Bucket="ours", Key="/", Body=SECRET_TEXT)
    link = house.client().generate_presigned_url("list_objects", {"Bucket": "ours"})
    target = link.removeprefix("http://windvane.test")
    for path in ("/ours", "/ours/"):
        assert house.ask("GET", target.replace("/ours", path, 1)).status == 200
    for path in ("/ours//", "//ours", "/ours///"):
        answer = house.ask("GET", target.replace("/ours", path, 1))
        assert answer.status in (400, 403)
        assert answer.body != SECRET_TEXT


@pytest.mark.parametrize(
    ("changed", "becomes"),
    [
        ("&versionId={id}", "%26versionId%3D{id}"),
        ("x-amz-acl=private&x-amz-tagging=a%3Db", "x-amz-acl:private%0Ax-amz-tagging=a%3Db"),
    ],
)
def test_nothing_of_an_old_link_is_hidden_in_its_neighbour(
    house: S3House, changed: str, becomes: str
) -> None:
    """Version 2 signs names and values one behind the other: a version, or a header, that was written into the name or
    the value before it was signed alike and not heeded."""
    s3 = house.client()
    s3.put_object(Bucket="ours", Key="old", Body=b"x")
    path = "/ours/old?response-content-type=a&versionId=null"
    names = "response-content-type=a&versionId=null"
    text = f"GET\n\n\n9999999999\nx-amz-acl:private\nx-amz-tagging:a=b\n/ours/old?{names}"
    signature = quote(base64.b64encode(hmac.digest(b"secret", text.encode(), "sha1")), safe="")
    link = f"{path}&AWSAccessKeyId={OURS}&Expires=9999999999&Signature={signature}"
    link += "&x-amz-acl=private&x-amz-tagging=a%3Db"
    assert house.ask("GET", link).status == 200
    other = link.replace(changed.format(id="null"), becomes.format(id="null"))
    assert other != link
    assert house.ask("GET", other).status == 400


def test_an_old_link_may_end_behind_all_years(house: S3House) -> None:
    """Anybody got a 500, and a traceback in the log, for a date that no calendar has."""
    target = f"/ours/old?AWSAccessKeyId={OURS}&Signature=x&Expires=999999999999"
    answer = house.ask("GET", target)
    assert (answer.status, code_of(answer)) == (403, "SignatureDoesNotMatch")


def test_a_link_may_say_anything_of_its_body(house: S3House) -> None:
    """Whoever knew an access key got a 500, and a traceback in the log, for a hash that no header could hold."""
    asked = {"Bucket": "ours", "Key": "x"}
    link = house.client(signature_version="s3v4").generate_presigned_url("get_object", asked)
    target = link.removeprefix("http://windvane.test")
    answer = house.ask("GET", f"{target}&X-Amz-Content-Sha256=%E2%82%AC")
    assert (answer.status, code_of(answer)) == (403, "SignatureDoesNotMatch")


def _posted(house: S3House, key: str, conditions: list[Any], content: bytes, **more: str) -> int:
    made = house.client().generate_presigned_post("ours", "x", {}, conditions)["fields"]
    policy = json.loads(base64.b64decode(made["policy"]))
    policy["conditions"] = [one for one in policy["conditions"] if one != {"key": "x"}]
    text = base64.b64encode(json.dumps(policy).encode()).decode()
    signature = base64.b64encode(hmac.digest(b"secret", text.encode(), "sha1")).decode()
    fields = {"key": key, "AWSAccessKeyId": OURS, "policy": text, "signature": signature}
    fields |= more
    parts = [
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    file = '--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'
    body = "".join([*parts, file]).encode() + content + b"\r\n--b--\r\n"
    headers = [
        ("content-type", "multipart/form-data; boundary=b"),
        ("content-length", str(len(body))),
    ]
    return house.ask("POST", "/ours", headers, body).status


@pytest.mark.parametrize("key", [" mine/x", "\tmine/x", "mine", "other,mine/x", " mine/,mine/x"])
def test_a_form_puts_no_key_beside_the_prefix_that_it_is_held_to(house: S3House, key: str) -> None:
    """The keys of a prefix were compared as a list is, without the blanks around its items."""
    held = ["starts-with", "$key", "mine/"]
    assert _posted(house, key, [held], b"x") == 403
    assert _posted(house, "mine/x", [held], b"x") == 204


def test_a_form_goes_to_no_bucket_that_its_policy_does_not_name(house: S3House) -> None:
    """One that named none was good for every bucket of whoever signed it."""
    policy = {"expiration": "2030-01-01T00:00:00Z", "conditions": [{"key": "anywhere"}]}
    text = base64.b64encode(json.dumps(policy).encode()).decode()
    signature = base64.b64encode(hmac.digest(b"secret", text.encode(), "sha1")).decode()
    more = {"policy": text, "signature": signature}
    assert _posted(house, "anywhere", [], b"x", **more) == 403
    assert _posted(house, "anywhere", [{"key": "anywhere"}], b"x") == 204


def test_a_form_tags_no_object_without_the_permission_for_it(house: S3House) -> None:
    """PutObject asked for s3:PutObjectTagging and an upload by a form did not."""
    tags = "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>"
    held = [["eq", "$key", "tagged"], ["eq", "$tagging", tags]]
    assert _posted(house, "tagged", held, b"x", tagging=tags) == 204
    asked = "s3:PutObjectTagging", "arn:aws:s3:::ours/tagged"
    house.allowed.denied.add(asked)
    assert _posted(house, "tagged", held, b"x", tagging=tags) == 403
    house.allowed.denied.remove(asked)


def test_a_bucket_is_not_tagged_as_it_is_made_without_the_permission_for_it(house: S3House) -> None:
    house.allowed.denied = {("s3:TagResource", "arn:aws:s3:::tagged")}
    body = (
        b"<CreateBucketConfiguration><Tags><Tag><Key>owner</Key><Value>me</Value></Tag></Tags>"
        b"</CreateBucketConfiguration>"
    )
    headers = signed("PUT", "/tagged", [("content-length", str(len(body)))], sha256(body))
    answer = house.ask("PUT", "/tagged", headers, body)
    house.allowed.denied = set()
    assert (answer.status, code_of(answer)) == (403, "AccessDenied")
    assert house.store.owner("tagged") is None


def test_a_form_is_held_to_every_range_of_lengths(house: S3House) -> None:
    """The last of two was held to alone."""
    conditions = [
        ["eq", "$key", "sized"],
        ["content-length-range", 1, 5],
        ["content-length-range", 0, 9],
    ]
    for content, status in ((b"", 400), (b"123456", 400), (b"12345", 204)):
        assert _posted(house, "sized", conditions, content) == status


def test_links_end(house: S3House) -> None:
    for version in ("s3", "s3v4"):
        s3 = house.client(signature_version=version)
        asked = {"Bucket": "ours", "Key": "none"}
        link = s3.generate_presigned_url("get_object", asked, ExpiresIn=60)
        target = link.removeprefix("http://windvane.test")
        assert house.ask("GET", target).status == 404
        house.ahead = timedelta(seconds=61)
        assert house.ask("GET", target).status == 403
        house.ahead = timedelta()


def test_what_is_not_known_is_not_told_before_the_signature(house: S3House) -> None:
    """Whether a bucket exists, and what is served of it, is nobody's business without a signature."""
    for target in ("/theirs", "/nowhere", "/theirs?policy", "/nowhere?website"):
        answer = house.ask("GET", target)
        assert (answer.status, code_of(answer)) == (403, "AccessDenied")
    for target in ("/theirs?website=", "/theirs?policy="):
        assert code_of(house.ask("GET", target, signed("GET", target))) == "AccessDenied"


def test_a_body_is_read_after_the_signature(house: S3House) -> None:
    """Attack 7, for S3: nothing of a body is taken in while its sender is unknown."""
    taken: list[int] = []

    async def refuse() -> Any:
        async def receive() -> Any:
            taken.append(1)
            return {"type": "http.request", "body": b"x" * 65536, "more_body": True}

        async def send(message: Any) -> None:
            pass

        from windvane.wire.call import RequestRecord

        scope = {
            "type": "http",
            "method": "PUT",
            "path": "/ours/x",
            "raw_path": b"/ours/x",
            "query_string": b"",
            "headers": [(b"host", b"h"), (b"content-length", b"6000000")],
        }
        await house.gateway(RequestRecord("r"), scope, receive, send)

    house.run(refuse())
    assert taken == []


def test_files_stay_in_the_folder(house: S3House, tmp_path: Path) -> None:
    """Keys that look like paths are names of rows."""
    for key in (
        "../../../etc/passwd",
        "/etc/passwd",
        "a/../../b",
        "..",
        "a\\..\\b",
        "\u202egnp.exe",
    ):
        house.client().put_object(Bucket="ours", Key=key, Body=SECRET_TEXT)
        got = house.client().get_object(Bucket="ours", Key=key)
        assert got["Body"].read() == SECRET_TEXT
    assert list(tmp_path.iterdir()) == []


class _ChangesHands:
    """Runs the store's calls; once a bucket's owner was asked for so often, the bucket becomes another account's."""

    def __init__(self, house: S3House, bucket: str, times: int = 1) -> None:
        self._store, self._run, self._bucket = house.store, house.gateway._store.in_thread, bucket
        self._left = times
        house.client().create_bucket(Bucket=bucket)

    async def __call__(self, function: Any, *arguments: Any) -> Any:
        found = await self._run(function, *arguments)
        if (found, arguments) == (OURS, (self._bucket,)):
            self._left -= 1
            if not self._left:
                await self._run(self._change)
        return found

    def _change(self) -> None:
        store = self._store
        store.delete_bucket(self._bucket)
        store.create_bucket(self._bucket, THEIRS, "us-east-1")
        staged = store.stage()
        staged.write(SECRET_TEXT)
        store.put(self._bucket, "secret", staged, "0" * 32, Attributes())


LATE = {
    "PutObject": ("PUT", "/{}/planted", [], b"x"),
    "DeleteObjects": (
        "POST",
        "/{}?delete=",
        [],
        b"<Delete><Object><Key>secret</Key></Object></Delete>",
    ),
    "PutBucketTagging": (
        "PUT",
        "/{}?tagging=",
        [],
        b"<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>",
    ),
    "CopyObject": ("PUT", "/ours/stolen", [("x-amz-copy-source", "/{}/secret")], b"x"),
}


@pytest.mark.parametrize("operation", LATE)
def test_a_body_that_comes_late_finds_no_bucket_of_another_account(
    house: S3House, operation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whose a bucket is was asked before the body came: whoever deleted the bucket meanwhile wrote into that of the next
    account to create it, deleted its objects, and copied them."""
    method, target, headers, body = LATE[operation]
    bucket = f"passed-on-{operation.lower()}"
    target = target.format(bucket)
    given = [*((n, v.format(bucket)) for n, v in headers), ("content-length", str(len(body)))]
    monkeypatch.setattr(house.gateway._store, "in_thread", _ChangesHands(house, bucket))
    answer = house.ask(method, target, signed(method, target, given, sha256(body)), body)
    assert (answer.status, code_of(answer)) == (404, "NoSuchBucket")
    theirs = house.client(THEIRS)
    listed = theirs.list_objects_v2(Bucket=bucket)["Contents"]
    assert [one["Key"] for one in listed] == ["secret"]
    assert refusal(theirs.get_bucket_tagging, Bucket=bucket) == ("NoSuchTagSet", 404)
    assert not is_there(house, "stolen")


IN_BETWEEN = {
    "PutObject": ("PUT", "/{}/planted", [], b"x"),
    "DeleteObjects": LATE["DeleteObjects"],
    "PutBucketTagging": LATE["PutBucketTagging"],
    "CopyObject": ("PUT", "/{}/planted", [("x-amz-copy-source", "/ours/source")], b""),
    "CopyFrom": ("PUT", "/ours/stolen", [("x-amz-copy-source", "/{}/secret")], b""),
    "GetObject": ("GET", "/{}/secret", [], b""),
    "DeleteObject": ("DELETE", "/{}/secret", [], b""),
    "ListObjectsV2": ("GET", "/{}?list-type=2", [], b""),
    "CreateMultipartUpload": ("POST", "/{}/planted?uploads=", [], b""),
}
"""What each operation asks for last of whose the bucket is: before its thread, or a body, is there."""


@pytest.mark.parametrize("operation", IN_BETWEEN)
def test_no_moment_lies_between_whose_a_bucket_is_and_what_is_done_to_it(
    house: S3House, operation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the last look at the owner and the transaction there were waits for a thread, a sync of what was uploaded,
    and the checksum of what was copied: seconds that the client makes as long as it likes."""
    method, target, headers, body = IN_BETWEEN[operation]
    bucket = f"between-{operation.lower()}"
    house.client().put_object(Bucket="ours", Key="source", Body=b"x")
    target = target.format(bucket)
    given = [*((n, v.format(bucket)) for n, v in headers)]
    if body:
        given.append(("content-length", str(len(body))))
    changes = _ChangesHands(house, bucket, times=2 if body else 1)
    monkeypatch.setattr(house.gateway._store, "in_thread", changes)
    answer = house.ask(method, target, signed(method, target, given, sha256(body)), body)
    assert (answer.status, code_of(answer)) == (404, "NoSuchBucket")
    theirs = house.client(THEIRS)
    listed = theirs.list_objects_v2(Bucket=bucket)["Contents"]
    assert [one["Key"] for one in listed] == ["secret"]
    assert "Uploads" not in theirs.list_multipart_uploads(Bucket=bucket)
    assert not is_there(house, "stolen")


def test_a_denied_version_is_neither_deleted_nor_copied_by_another_operation(
    house: S3House,
) -> None:
    """A Deny on s3:VersionId held for what names one version in the query. DeleteObjects and copies asked without the
    version, so that the condition did not match: the version was deleted, and read."""
    ours = house.client()
    ours.create_bucket(Bucket="kept")
    ours.put_bucket_versioning(Bucket="kept", VersioningConfiguration={"Status": "Enabled"})
    version = ours.put_object(Bucket="kept", Key="k", Body=b"x")["VersionId"]
    source = {"Bucket": "kept", "Key": "k", "VersionId": version}
    house.allowed.denied_versions.add(version)
    try:
        deletions = {"Objects": [{"Key": "k", "VersionId": version}]}
        deleted = ours.delete_objects(Bucket="kept", Delete=deletions)
        assert [one["Code"] for one in deleted["Errors"]] == ["AccessDenied"]
        denied = ("AccessDenied", 403)
        stolen = {"Bucket": "kept", "Key": "stolen", "CopySource": source}
        assert refusal(ours.copy_object, **stolen) == denied
        upload = ours.create_multipart_upload(Bucket="kept", Key="stolen")["UploadId"]
        part = {"UploadId": upload, "PartNumber": 1}
        assert refusal(ours.upload_part_copy, **stolen, **part) == denied
    finally:
        house.allowed.denied_versions.clear()
    assert ours.get_object(**source)["Body"].read() == b"x"


def test_a_marker_leads_to_no_key_beyond_the_prefix(house: S3House) -> None:
    """Whoever might list what begins with `alice/` alone named another key as the marker, and was told of its versions, the
    MD5 of their content among it, and of its uploads."""
    ours = house.client()
    ours.create_bucket(Bucket="shared")
    ours.put_bucket_versioning(Bucket="shared", VersioningConfiguration={"Status": "Enabled"})
    for key in ("aaa", "alice/a", "secret/key"):
        ours.put_object(Bucket="shared", Key=key, Body=b"x")
        ours.create_multipart_upload(Bucket="shared", Key=key)
    for key in ("aaa", "secret/key"):
        for version in ("null", f"7{'f' * 31}"):
            listed = ours.list_object_versions(
                Bucket="shared", Prefix="alice/", KeyMarker=key, VersionIdMarker=version
            )
            assert {one["Key"] for one in listed.get("Versions", ())} <= {"alice/a"}
        uploads = ours.list_multipart_uploads(
            Bucket="shared", Prefix="alice/", KeyMarker=key, UploadIdMarker="0" * 32
        )
        assert {one["Key"] for one in uploads.get("Uploads", ())} <= {"alice/a"}


def test_who_may_not_read_learns_no_content_by_writing_on_condition(house: S3House) -> None:
    """Whoever might write or delete an object, and not read it, asked for it if it had the MD5 of one guess after another: the
    answer said which was right, and nothing was done until then."""
    ours = house.client()
    ours.create_bucket(Bucket="guessed")
    for key in ("source", "pin"):
        ours.put_object(Bucket="guessed", Key=key, Body=b"1234")
    upload = ours.create_multipart_upload(Bucket="guessed", Key="pin")["UploadId"]
    pin = {"Bucket": "guessed", "Key": "pin"}
    denied = ("s3:GetObject", "arn:aws:s3:::guessed/pin")
    house.allowed.denied.add(denied)
    try:
        for etag in ('"81dc9bdb52d04dc20036dbd8313ed055"', f'"{"0" * 32}"'):
            guess = {**pin, "IfMatch": etag}
            assert refusal(ours.put_object, **guess) == ("AccessDenied", 403)
            assert refusal(ours.put_object, **pin, IfNoneMatch=etag) == ("AccessDenied", 403)
            assert refusal(ours.delete_object, **guess) == ("AccessDenied", 403)
            copy = {**guess, "CopySource": "guessed/source"}
            assert refusal(ours.copy_object, **copy) == ("AccessDenied", 403)
            whole = {**guess, "UploadId": upload, "MultipartUpload": {"Parts": []}}
            assert refusal(ours.complete_multipart_upload, **whole) == ("AccessDenied", 403)
            deletions = {"Objects": [{"Key": "pin", "ETag": etag}]}
            told = ours.delete_objects(Bucket="guessed", Delete=deletions)
            assert [one["Code"] for one in told["Errors"]] == ["AccessDenied"]
        assert refusal(ours.put_object, **pin, IfNoneMatch="*") == ("PreconditionFailed", 412)
        assert ours.put_object(**pin, IfMatch="*")
    finally:
        house.allowed.denied.discard(denied)


def test_nor_by_a_form_on_condition(house: S3House) -> None:
    """A form may say `if-match`, too, and its uploads were asked about as those without a condition."""
    house.client().put_object(Bucket="ours", Key="pin", Body=b"1234")
    house.allowed.denied.add(("s3:GetObject", "arn:aws:s3:::ours/pin"))
    try:
        for name in ("if-match", "if-none-match"):
            held = [["eq", "$key", "pin"], ["starts-with", f"${name}", ""]]
            for etag in ('"81dc9bdb52d04dc20036dbd8313ed055"', f'"{"0" * 32}"'):
                assert _posted(house, "pin", held, b"x", **{name: etag}) == 403
    finally:
        house.allowed.denied.clear()
    assert house.client().get_object(Bucket="ours", Key="pin")["Body"].read() == b"1234"


@pytest.mark.parametrize(
    "name", ["x-amz-meta-a: b\nset-cookie: c", "x-amz-meta-\u00e4\u4e2d", "x-amz-meta-a b"]
)
def test_a_form_names_no_metadata_that_no_header_can(house: S3House, name: str) -> None:
    """They were kept, and every read of the object failed with 500 from then on."""
    held = [["eq", "$key", "named"], ["starts-with", f"${name}", ""]]
    assert _posted(house, "named", held, b"x", **{name: "v"}) == 400
    assert not is_there(house, "named")


@pytest.mark.parametrize("version", ["\u0661" * 32, "1\n"], ids=["digits", "line"])
@pytest.mark.parametrize("operation", ["delete_object", "get_object", "get_object_tagging"])
def test_a_version_that_no_answer_can_repeat_is_none(
    house: S3House, operation: str, version: str
) -> None:
    """It was deleted, which what is not there may be, and the answer, which repeats it in its head, was a fault of the server."""
    ask = getattr(house.client(), operation)
    asked = {"Bucket": "ours", "Key": "pin", "VersionId": version}
    assert refusal(ask, **asked) == ("InvalidArgument", 400)
