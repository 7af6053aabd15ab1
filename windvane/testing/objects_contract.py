"""The contract of objects/base.py as a test suite: subclass it and give it one fixture.

objects    an ObjectStore with nothing in it
"""

from __future__ import annotations

from windvane.testing.objects_laws.buckets import BucketLaws
from windvane.testing.objects_laws.conditions import ConditionLaws
from windvane.testing.objects_laws.expiry import ExpiryLaws
from windvane.testing.objects_laws.lists import ListLaws
from windvane.testing.objects_laws.objects import ObjectLaws
from windvane.testing.objects_laws.uploads import UploadLaws
from windvane.testing.objects_laws.versions import VersionLaws


class ObjectsContract(
    BucketLaws, ObjectLaws, ConditionLaws, VersionLaws, ListLaws, UploadLaws, ExpiryLaws
):
    """Every law that a kind of object store has to keep."""
