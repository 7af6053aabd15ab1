"""XML of requests and answers."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from botocore.parsers import create_parser

from windvane.wire.s3.model import operation_model
from windvane.wire.s3.reading import read_payload
from windvane.wire.s3.refusals import S3Refusal
from windvane.wire.s3.writing import write_answer
from windvane.wire.scalars import UnfitResult

DELETE = operation_model("DeleteObjects")


@pytest.mark.parametrize(
    "namespace", ["", ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"', ' xmlns="x:y"']
)
def test_a_document_is_read_whatever_its_namespace(namespace: str) -> None:
    body = f"<Delete{namespace}><Object><Key> a&amp;b\n</Key></Object><Quiet>true</Quiet></Delete>"
    assert read_payload(DELETE, body.encode()) == {
        "Delete": {"Objects": [{"Key": " a&b\n"}], "Quiet": True}
    }


@pytest.mark.parametrize(
    "body",
    [
        b"<Delete", b"<Other/>", b"<Delete/>", b"<Delete><Object/></Delete>", b"\xff\xfe",
        b"<Delete><Object><Key>a</Key><Key>b</Key></Object></Delete>",
        b"<Delete><Object><Key>a</Key></Object><Unknown/></Delete>",
        b"<Delete><Object><Key>a</Key></Object><Quiet>maybe</Quiet></Delete>",
        b'<!DOCTYPE d [<!ENTITY a "b">]><Delete><Object><Key>&a;</Key></Object></Delete>',
        b'<!DOCTYPE d SYSTEM "file:///etc/passwd"><Delete/>',
        b"<Delete>" * 100, b"<Delete>" + b"<Object/>" * 70_000 + b"</Delete>",
    ],
)  # fmt: skip
def test_what_is_no_such_document(body: bytes) -> None:
    with pytest.raises(S3Refusal) as caught:
        read_payload(DELETE, body)
    assert caught.value.code == "MalformedXML"


def test_botocore_reads_what_is_written() -> None:
    now = datetime(2026, 1, 2, 3, 4, 5, 678000, UTC)
    members = {
        "Name": "b",
        "IsTruncated": False,
        "Contents": [{"Key": "a\r\n<&>\"'ü", "Size": 2**40, "LastModified": now, "ETag": '"x"'}],
        "CommonPrefixes": [{"Prefix": "p/"}],
    }
    model = operation_model("ListObjectsV2")
    status, headers, body = write_answer(model, members)
    answer = {"status_code": status, "headers": dict(headers), "body": body}
    parsed = create_parser("rest-xml").parse(answer, model.output_shape)
    del parsed["ResponseMetadata"]
    assert parsed == members


def test_members_that_the_model_lacks_are_our_fault() -> None:
    with pytest.raises(UnfitResult):
        write_answer(operation_model("GetObject"), {"Nonsense": 1})
    with pytest.raises(UnfitResult):
        write_answer(operation_model("GetObject"), {"Metadata": {"a": "\n"}})
