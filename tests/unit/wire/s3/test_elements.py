"""Members of answers as XML elements."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta, timezone

import pytest

from windvane.wire.s3.elements import xml_escaped, xml_writer
from windvane.wire.s3.model import operation_model
from windvane.wire.scalars import UnfitResult

LISTING = operation_model("ListObjectsV2").output_shape


@pytest.mark.slow
def test_every_character_is_read_as_it_was_or_as_a_question_mark() -> None:
    for code in range(0x110000):
        character = chr(code)
        allowed = character in "\t\n\r" or 0x20 <= code < 0xD800 or 0xE000 <= code < 0xFFFE
        wanted = character if allowed or code >= 0x10000 else "?"
        written = xml_escaped(f"a{character}b")
        if written != f"a{wanted}b":
            assert ET.fromstring(f"<t>{written}</t>").text == f"a{wanted}b", hex(code)


def test_an_object_of_a_list_has_its_members_as_elements() -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, 678999, UTC)
    entry = {"Key": "a<&>\r", "LastModified": moment, "Size": 7, "ChecksumAlgorithm": ["CRC32"]}
    written = xml_writer(LISTING)(
        {"Contents": [entry, entry], "IsTruncated": False, "MaxKeys": None}
    )
    one = (
        "<Contents><Key>a&lt;&amp;&gt;&#13;</Key><LastModified>2026-01-02T03:04:05.678Z</LastModified>"
        "<ChecksumAlgorithm>CRC32</ChecksumAlgorithm><Size>7</Size></Contents>"
    )
    assert written == f"<IsTruncated>false</IsTruncated>{one}{one}"


def test_a_moment_of_another_time_zone_is_told_in_utc() -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=2)))
    assert "2026-01-02T01:04:05.000Z" in xml_writer(LISTING)(
        {"Contents": [{"LastModified": moment}]}
    )


@pytest.mark.parametrize(
    "members",
    [
        {"Contents": [{"Colour": "red"}]},
        {"Contents": [{"Size": "7"}]},
        {"Contents": [{"Size": True}]},
        {"Contents": [{"Key": b"a"}]},
        {"Contents": [{"LastModified": "today"}]},
        {"Contains": []},
    ],
)
def test_what_the_model_has_not_is_refused(members: dict[str, object]) -> None:
    with pytest.raises(UnfitResult):
        xml_writer(LISTING)(members)
