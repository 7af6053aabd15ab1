"""Records as rows of the index, and back."""

from __future__ import annotations

import base64
import binascii
import json
import secrets
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from windvane.objects.checksums import ChecksumKind, StoredChecksum
from windvane.objects.errors import InvalidKey, NoSuchBucket
from windvane.objects.lifecycle import LifecycleFilter, LifecycleRule
from windvane.objects.records import (
    MAX_KEY_BYTES,
    NULL_VERSION,
    Attributes,
    Bucket,
    Checksum,
    ChecksumType,
    Encryption,
    Part,
    Upload,
    Version,
    Versioning,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SEQUENCE_DIGITS = 16
_CHECKSUM_TYPES = {kind.value: kind for kind in ChecksumType}
_STORAGE_CLASS = Attributes().storage_class

BUCKET_COLUMNS = "name, account, region, created, versioning"
VERSION_COLUMNS = (
    "sequence, key, nonce, latest, content IS NULL, size, etag, modified, attributes, stored_size, "
    "n_parts"
)
UPLOAD_COLUMNS = "id, key, nonce, begun, attributes"
SUM_COLUMNS = "crc, sum_kind"
PART_COLUMNS = "number, size, etag, modified, checksum, stored_size, parameters"


def to_micros(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    return _EPOCH + micros * _MICROSECOND


def key_bytes(key: str) -> bytes:
    """Return a key as bytes, checked.

    raises    InvalidKey
    """
    try:
        raw = key.encode()
    except UnicodeEncodeError as error:
        raise InvalidKey(0) from error
    if not 0 < len(raw) <= MAX_KEY_BYTES:
        raise InvalidKey(len(raw))
    return raw


def sought_bytes(text: str) -> bytes:
    """Return a prefix, delimiter or position, of which nothing is asked but that it compares."""
    return text.encode("utf-8", "surrogatepass")


def new_nonce() -> str:
    return secrets.token_hex(8)


def identifier(sequence: int, nonce: str) -> str:
    """Return the version id or upload id of a row: later ones are greater, and none can be guessed."""
    return f"{sequence:0{_SEQUENCE_DIGITS}x}{nonce}" if nonce else NULL_VERSION


def parse_identifier(text: str) -> tuple[int, str] | None:
    """Sequence and nonce of an identifier; None if it is not the form of one."""
    digits, nonce = text[:_SEQUENCE_DIGITS], text[_SEQUENCE_DIGITS:]
    if len(nonce) != _SEQUENCE_DIGITS or not set(text) <= set("0123456789abcdef"):
        return None
    sequence = int(digits, 16)
    return (sequence, nonce) if sequence < 2**63 else None


def bucket_of(row: tuple[Any, ...]) -> Bucket:
    name, account, region, created, versioning = row
    return Bucket(name, account, region, from_micros(created), Versioning(versioning))


def bucket_row(db: sqlite3.Connection, name: str, account: str | None = None) -> tuple[int, Bucket]:
    """Return the row's id and the bucket; raises NoSuchBucket, for one of another account than the one given too."""
    row = db.execute(f"SELECT id, {BUCKET_COLUMNS} FROM buckets WHERE name = ?", (name,)).fetchone()
    if row is None or account not in (None, row[2]):
        raise NoSuchBucket(name)
    return row[0], bucket_of(row[1:])


def version_of(bucket: str, row: tuple[Any, ...]) -> Version:
    """Return the version that a row describes.

    row    VERSION_COLUMNS
    """
    sequence, key, nonce, latest, is_marker, size, etag, modified, attributes, stored, n_parts = row
    return Version(
        bucket=bucket,
        key=key.decode(),
        version_id=identifier(sequence, nonce),
        is_latest=bool(latest),
        is_delete_marker=bool(is_marker),
        size=size,
        etag=etag,
        modified=from_micros(modified),
        attributes=attributes_from_json(attributes),
        stored_size=stored,
        n_parts=n_parts,
        sequence=sequence,
    )


def upload_of(bucket: str, row: tuple[Any, ...]) -> Upload:
    """Return the upload that a row describes.

    row    UPLOAD_COLUMNS
    """
    number, key, nonce, begun, attributes = row
    return Upload(
        bucket,
        key.decode(),
        identifier(number, nonce),
        from_micros(begun),
        attributes_from_json(attributes),
    )


def sum_of(value: int, kind: str) -> StoredChecksum:
    """Return the SUM_COLUMNS of what has a checksum of its own."""
    return StoredChecksum(ChecksumKind(kind), value)


def part_of(row: tuple[Any, ...]) -> Part:
    """Return the part that a row describes.

    row    PART_COLUMNS
    """
    number, size, etag, modified, checksum, stored_size, parameters = row
    return Part(
        number,
        size,
        etag,
        from_micros(modified),
        checksum_from_json(checksum),
        stored_size,
        json.loads(parameters),
    )


def attributes_to_json(attributes: Attributes) -> str:
    """What is as it is without being said is left out."""
    encryption = attributes.encryption
    document: dict[str, Any] = {
        "headers": dict(attributes.headers),
        "metadata": dict(attributes.metadata),
        "tags": dict(attributes.tags),
        "checksum": _checksum_document(attributes.checksum),
        "encryption": None
        if encryption is None
        else {
            "algorithm": encryption.algorithm,
            "key_id": encryption.key_id,
            "sealed_key": base64.b64encode(encryption.sealed_key).decode(),
            "parameters": dict(encryption.parameters),
        },
    }
    if attributes.storage_class != _STORAGE_CLASS:
        document["storage_class"] = attributes.storage_class
    return _dumps({name: value for name, value in document.items() if value})


def attributes_from_json(text: str) -> Attributes:
    if text == "{}":
        return Attributes()
    document = json.loads(text)
    encryption = document.get("encryption")
    return Attributes(
        headers=document.get("headers", {}),
        metadata=document.get("metadata", {}),
        tags=document.get("tags", {}),
        checksum=_checksum(document.get("checksum")),
        storage_class=document.get("storage_class", _STORAGE_CLASS),
        encryption=None
        if encryption is None
        else Encryption(
            encryption["algorithm"],
            encryption["key_id"],
            binascii.a2b_base64(encryption["sealed_key"]),
            encryption["parameters"],
        ),
    )


def checksum_to_json(checksum: Checksum | None) -> str:
    return _dumps(_checksum_document(checksum))


def checksum_from_json(text: str) -> Checksum | None:
    return _checksum(json.loads(text))


def parameters_to_json(parameters: Mapping[str, str]) -> str:
    return _dumps(dict(parameters))


def rules_to_json(rules: tuple[LifecycleRule, ...]) -> str:
    return _dumps([asdict(rule) for rule in rules], default=_moment)


def rules_from_json(text: str) -> tuple[LifecycleRule, ...]:
    return tuple(_rule(document) for document in json.loads(text))


def _rule(document: dict[str, Any]) -> LifecycleRule:
    date = document.pop("expire_date")
    return LifecycleRule(
        filter=LifecycleFilter(**document.pop("filter")),
        expire_date=None if date is None else datetime.fromisoformat(date),
        **document,
    )


def _moment(value: object) -> str:
    if not isinstance(value, datetime):
        raise TypeError(f"{value!r} has no form in the index")
    return value.isoformat()


def _checksum_document(checksum: Checksum | None) -> list[str] | None:
    return None if checksum is None else [checksum.algorithm, checksum.value, checksum.type.value]


def _checksum(document: list[str] | None) -> Checksum | None:
    if document is None:
        return None
    algorithm, value, kind = document
    return Checksum(algorithm, value, _CHECKSUM_TYPES[kind])


def _dumps(value: object, default: Any = None) -> str:
    return json.dumps(value, separators=(",", ":"), default=default)
