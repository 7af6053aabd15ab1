"""Tags of an object: get, put, delete."""

from __future__ import annotations

from windvane.api.s3.faults import in_words_of_s3
from windvane.api.s3.reads import find, version_id_member
from windvane.api.s3.tags import MAX_OF_OBJECT, tag_set, tags_of_set
from windvane.objects.base import ObjectStore
from windvane.wire.s3.call import S3Call, S3Result


def get_object_tagging(store: ObjectStore, call: S3Call) -> S3Result:
    version = find(store, call.parameters)
    return S3Result(
        {
            "TagSet": tag_set(version.attributes.tags),
            "VersionId": version_id_member(store, version),
        }
    )


def put_object_tagging(store: ObjectStore, call: S3Call) -> S3Result:
    tags = tags_of_set(call.parameters["Tagging"]["TagSet"], MAX_OF_OBJECT)
    return _set_tags(store, call, tags)


def delete_object_tagging(store: ObjectStore, call: S3Call) -> S3Result:
    return _set_tags(store, call, {})


def _set_tags(store: ObjectStore, call: S3Call, tags: dict[str, str]) -> S3Result:
    version = find(store, call.parameters)
    with in_words_of_s3():
        store.set_tags(version, tags)
    return S3Result({"VersionId": version_id_member(store, version)})
