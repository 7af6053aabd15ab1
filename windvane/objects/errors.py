"""Errors of the object store.

CallerFault
`-- ObjectFault
    |-- NoSuchBucket
    |-- NoSuchKey            also if the newest version is a delete marker
    |-- NoSuchVersion
    |-- NoSuchUpload
    |-- BucketTaken          by whom it says
    |-- BucketNotEmpty
    |-- InvalidKey           empty, or over 1024 bytes of UTF-8
    |-- PreconditionFailed
    |-- InvalidPart
    |-- InvalidPartOrder
    |-- PartTooSmall
    `-- QuotaExceeded        of bytes, of the account that owns the bucket
WindvaneError
`-- DamagedObject            a data file is not as it was written
"""

from __future__ import annotations

from windvane.errors import CallerFault, WindvaneError


class ObjectFault(CallerFault):
    """A request to the object store that cannot be met; nothing was changed."""


class NoSuchBucket(ObjectFault):
    def __init__(self, bucket: str) -> None:
        super().__init__(f"The specified bucket does not exist: {bucket}.")
        self.bucket = bucket


class NoSuchKey(ObjectFault):
    """There is no object of this key.

    marker_id    the version id of the delete marker that is the newest version, None if there is no version
    """

    def __init__(self, bucket: str, key: str, marker_id: str | None = None) -> None:
        super().__init__(f"The specified key does not exist: s3://{bucket}/{key}.")
        self.bucket, self.key, self.marker_id = bucket, key, marker_id


class NoSuchVersion(ObjectFault):
    def __init__(self, bucket: str, key: str, version_id: str) -> None:
        super().__init__(
            f"The specified version does not exist: '{version_id}' of s3://{bucket}/{key}."
        )
        self.bucket, self.key, self.version_id = bucket, key, version_id


class NoSuchUpload(ObjectFault):
    def __init__(self, bucket: str, key: str, upload_id: str) -> None:
        super().__init__(
            f"The specified multipart upload does not exist: '{upload_id}' of s3://{bucket}/{key}. "
            "It may have been aborted or completed."
        )
        self.bucket, self.key, self.upload_id = bucket, key, upload_id


class BucketTaken(ObjectFault):
    """A bucket of this name exists.

    owner    the account whose bucket it is
    """

    def __init__(self, bucket: str, owner: str) -> None:
        super().__init__(f"The bucket {bucket} exists already.")
        self.bucket, self.owner = bucket, owner


class BucketNotEmpty(ObjectFault):
    def __init__(self, bucket: str) -> None:
        super().__init__(f"The bucket {bucket} is not empty.")
        self.bucket = bucket


class InvalidKey(ObjectFault):
    """A key is empty, too long, or not Unicode.

    n_bytes    its length as UTF-8; 0 if it is empty or cannot be written as UTF-8
    """

    def __init__(self, n_bytes: int) -> None:
        super().__init__(f"A key has 1 to 1024 bytes of UTF-8; this one has {n_bytes}.")
        self.n_bytes = n_bytes


class PreconditionFailed(ObjectFault):
    """A condition of the request does not hold.

    condition    the header that did not hold: "If-Match" or "If-None-Match\"
    """

    def __init__(self, condition: str) -> None:
        super().__init__(
            f"At least one of the preconditions you specified did not hold: {condition}."
        )
        self.condition = condition


class InvalidPart(ObjectFault):
    def __init__(self, number: int) -> None:
        super().__init__(
            f"Part {number} was not uploaded, or its entity tag or checksum is not the one given."
        )
        self.number = number


class InvalidPartOrder(ObjectFault):
    def __init__(self) -> None:
        super().__init__("The list of parts was not in ascending order of part number.")


class PartTooSmall(ObjectFault):
    def __init__(self, number: int, etag: str, size: int, least: int) -> None:
        super().__init__(
            f"Part {number} has {size} bytes; every part but the last has at least {least}."
        )
        self.number, self.etag, self.size, self.least = number, etag, size, least


class QuotaExceeded(ObjectFault):
    def __init__(self, account: str, limit: int, used: int, delta: int) -> None:
        super().__init__(
            f"The account {account} may store {limit} bytes; it uses {used}, and this takes {delta} more."
        )
        self.account, self.limit, self.used, self.delta = account, limit, used, delta


class DamagedObject(WindvaneError):
    """A data file is missing or not as it was written; the text names the object and the file."""
