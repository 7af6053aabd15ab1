"""Faults of the object store in the words of S3."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from windvane.objects import errors
from windvane.wire.s3.conditions import precondition_failed
from windvane.wire.s3.refusals import S3Refusal, refused

_Fault = TypeVar("_Fault", bound=errors.ObjectFault)


@contextmanager
def in_words_of_s3() -> Iterator[None]:
    """Translate faults of the object store that are raised inside to errors of S3.

    raises    S3Refusal for an ObjectFault
    """
    try:
        yield
    except errors.ObjectFault as fault:
        raise as_refusal(fault) from fault


def as_refusal(fault: errors.ObjectFault) -> S3Refusal:
    for kind, translate in _TABLE:
        if isinstance(fault, kind):
            return translate(fault)
    return refused("InvalidRequest", str(fault))


def _row(
    kind: type[_Fault], translate: Callable[[_Fault], S3Refusal]
) -> tuple[type[_Fault], Callable[..., S3Refusal]]:
    return kind, translate


def _no_such_key(fault: errors.NoSuchKey) -> S3Refusal:
    details = {"Key": fault.key}
    if fault.marker_id is None:
        return refused("NoSuchKey", details=details)
    headers = {"x-amz-delete-marker": "true", "x-amz-version-id": fault.marker_id}
    return S3Refusal("NoSuchKey", 404, "The specified key does not exist.", details, headers)


def _too_small(fault: errors.PartTooSmall) -> S3Refusal:
    details = {
        "ProposedSize": str(fault.size),
        "MinSizeAllowed": str(fault.least),
        "PartNumber": str(fault.number),
        "ETag": fault.etag,
    }
    return refused("EntityTooSmall", details=details)


_TABLE = (
    _row(errors.QuotaExceeded, lambda f: S3Refusal("QuotaExceeded", 403, str(f))),
    _row(errors.NoSuchBucket, lambda f: refused("NoSuchBucket", details={"BucketName": f.bucket})),
    _row(errors.NoSuchKey, _no_such_key),
    _row(
        errors.NoSuchVersion,
        lambda f: refused("NoSuchVersion", details={"Key": f.key, "VersionId": f.version_id}),
    ),
    _row(
        errors.NoSuchUpload,
        lambda f: refused("NoSuchUpload", details={"UploadId": f.upload_id}),
    ),
    _row(
        errors.BucketTaken,
        lambda f: refused("BucketAlreadyExists", details={"BucketName": f.bucket}),
    ),
    _row(
        errors.BucketNotEmpty,
        lambda f: refused("BucketNotEmpty", details={"BucketName": f.bucket}),
    ),
    _row(
        errors.InvalidKey,
        lambda f: refused(
            "KeyTooLongError", details={"Size": str(f.n_bytes), "MaxSizeAllowed": "1024"}
        ),
    ),
    _row(errors.PreconditionFailed, lambda f: precondition_failed(f.condition)),
    _row(
        errors.InvalidPart,
        lambda f: refused("InvalidPart", details={"PartNumber": str(f.number)}),
    ),
    _row(errors.InvalidPartOrder, lambda _: refused("InvalidPartOrder")),
    _row(errors.PartTooSmall, _too_small),
)
