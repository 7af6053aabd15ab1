"""Policies of uploads by a form: what its maker allows the browser to send.

source    https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from windvane.wire.s3.refusals import S3Refusal, refused

_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z")
_UNCOVERED = frozenset({"x-amz-signature", "signature", "awsaccesskeyid", "policy", "file"})
"""Fields that no condition has to name."""

_FREE = ("x-ignore-", "x-amz-checksum-")
"""The same by how they begin: what nobody reads, and what can only make an upload fail."""


@dataclass(frozen=True)
class Policy:
    """The policy of a form that uploads to S3.

    conditions    operator ("eq", "starts-with"), field in lower case, value
    length        least and greatest bytes of the file, None for any
    """

    expiration: datetime
    conditions: tuple[tuple[str, str, str], ...]
    length: tuple[int, int] | None

    def check(self, fields: Mapping[str, str], bucket: str, now: datetime) -> None:
        """Hold a form to the policy; raises S3Refusal."""
        if now > self.expiration:
            raise _against("Policy expired.")
        values = {**fields, "bucket": bucket}
        for operator, name, expected in self.conditions:
            actual = values.get(name)
            holds = actual is not None and (
                actual == expected if operator == "eq" else _begins(name, actual, expected)
            )
            if not holds:
                raise _against(
                    f'Policy Condition failed: ["{operator}", "${name[:64]}", "{expected[:128]}"]'
                )
        covered = {name for _, name, _ in self.conditions} | _UNCOVERED
        for name in values:
            if name not in covered and not name.startswith(_FREE):
                raise _against(f"Extra input fields: {name[:64]}")

    def check_length(self, size: int) -> None:
        """Check the size of the uploaded file.

        raises    S3Refusal
        """
        if self.length is not None and size < self.length[0]:
            raise refused("EntityTooSmall")
        if self.length is not None and size > self.length[1]:
            raise refused("EntityTooLarge")


def _begins(name: str, actual: str, expected: str) -> bool:
    """A Content-Type may be a list, of which each has to begin so; everything else is compared as it stands."""
    if name == "content-type":
        return all(part.strip().startswith(expected) for part in actual.split(","))
    return actual.startswith(expected)


def read_policy(text: str) -> Policy:
    """Parse the policy of a form.

    raises    S3Refusal for a document that is none
    """
    document = _document(text)
    expiration, listed = _moment(document["expiration"]), document["conditions"]
    if not isinstance(listed, list):
        raise _invalid("Invalid Policy: 'conditions' is a list.")
    if not listed:
        raise _invalid("Invalid Policy: 'conditions' is empty.")
    conditions: list[tuple[str, str, str]] = []
    length: tuple[int, int] | None = None
    for entry in listed:
        if isinstance(entry, dict) and len(entry) == 1:
            conditions += [("eq", name.lower(), _text(value)) for name, value in entry.items()]
        elif isinstance(entry, list) and len(entry) == 3:
            if str(entry[0]).lower() == "content-length-range":
                least, greatest = _range(entry)
                length = (
                    (least, greatest)
                    if length is None
                    else (max(least, length[0]), min(greatest, length[1]))
                )
            else:
                conditions.append(_condition(entry))
        else:
            raise _invalid("Invalid Policy: a condition is an object or a list of three.")
    return Policy(expiration.astimezone(UTC), tuple(conditions), length)


def _condition(entry: list[Any]) -> tuple[str, str, str]:
    operator, name, value = str(entry[0]).lower(), _text(entry[1]), _text(entry[2])
    if operator not in ("eq", "starts-with") or not name.startswith("$"):
        raise _invalid(f"Invalid Policy: Invalid condition '{operator[:32]}' on '{name[:64]}'.")
    return operator, name[1:].lower(), value


def _range(entry: list[Any]) -> tuple[int, int]:
    least, greatest = entry[1], entry[2]
    for bound in (least, greatest):
        if isinstance(bound, bool) or not isinstance(bound, int) or bound < 0:
            raise _invalid("Invalid Policy: content-length-range takes two numbers of bytes.")
    return least, greatest


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise _invalid("Invalid Policy: names and values are texts.")
    return value


def _document(text: str) -> dict[str, Any]:
    try:
        document = json.loads(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError, RecursionError) as error:
        raise _invalid("Invalid Policy: it must be a JSON object in Base64.") from error
    if not isinstance(document, dict) or document.keys() != {"expiration", "conditions"}:
        raise _invalid("Invalid Policy: it has two members, 'expiration' and 'conditions'.")
    return document


def _moment(text: Any) -> datetime:
    try:
        if not _MOMENT.fullmatch(_text(text)):
            raise _bad_moment(text)
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise _bad_moment(text) from error


def _bad_moment(text: str) -> S3Refusal:
    return _invalid(f"Invalid Policy: Invalid 'expiration' value: '{text[:64]}'")


def _against(why: str) -> S3Refusal:
    return refused("AccessDenied", f"Invalid according to Policy: {why}")


def _invalid(sentence: str) -> S3Refusal:
    return refused("InvalidPolicyDocument", sentence)
