"""How to reach an S3 store."""

from __future__ import annotations

from dataclasses import dataclass, field

from windvane.artifacts.base import Artifacts


@dataclass(frozen=True)
class Connection:
    """An S3 store's address and key; endpoint "" means AWS's own, access_key "" that requests are not signed."""

    endpoint: str
    access_key: str
    secret_key: str = field(repr=False)
    region: str = "us-east-1"
    path_style: bool = True

    def open(self, key: str = "") -> Artifacts:
        """Return what is in the store.

        key    of KMS, under which what is written is to be encrypted; "" for what the store does by itself
        """
        # boto3 takes long to import, and most servers keep objects themselves.
        from windvane.artifacts.s3 import S3Artifacts

        return S3Artifacts(self, key)
