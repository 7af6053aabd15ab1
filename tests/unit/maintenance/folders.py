"""A data folder with a store, keys, objects and the files of a job under way."""

import hashlib

from windvane.api.key_file import load_or_create_keys
from windvane.objects.records import Attributes, NamedPart
from windvane.objects.store import open_objects
from windvane.store.open import open_store
from windvane.testing.store_laws.place import a_job


def lived_in(folder):
    """The folder of a server that is stopped, with one job, `first`."""
    folder.mkdir(mode=0o700)
    load_or_create_keys(folder, "000000000000")
    store = open_store("", folder)
    store.migrate()
    with store.transaction() as tx:
        assert tx.insert(a_job(name="first"))
    store.close()
    work = folder / "work" / "first-123" / "dataset"
    work.mkdir(parents=True)
    (work / "y.npy").write_bytes(b"numbers" * 1000)
    scratch = folder / "work" / "first-123" / "scratch" / "1-1"
    scratch.mkdir(parents=True)
    (scratch / "half").write_bytes(b"half")
    objects = open_objects(folder / "s3")
    objects.create_bucket("bucket", "000000000000", "us-east-1")
    put(objects, "small", b"in the index")
    put(objects, "large", LARGE)
    in_parts(objects, "parts", [PART, b"the end"])
    objects.close()
    return folder


LARGE = bytes(range(256)) * 1000
PART = b"part" * (5 * 2**18)


def put(objects, key, data):
    with objects.stage() as staged:
        staged.write(data)
        etag = hashlib.md5(data).hexdigest()
        return objects.put("bucket", key, staged, etag, Attributes(metadata={"of": key}))


def in_parts(objects, key, parts):
    upload = objects.create_upload("bucket", key, Attributes())
    named = []
    for number, data in enumerate(parts, 1):
        with objects.stage_part(upload) as staged:
            staged.write(data)
            etag = hashlib.md5(data).hexdigest()
            objects.put_part(upload, number, staged, etag)
        named.append(NamedPart(number, etag))
    return objects.complete_upload(upload, named, Attributes())


def contents(folder):
    """The bytes of every object of `bucket`, by key."""
    objects = open_objects(folder / "s3")
    found = {}
    for version in objects.list_objects("bucket").objects:
        with objects.open(version) as stream:
            found[version.key] = stream.read()
    objects.close()
    return found
