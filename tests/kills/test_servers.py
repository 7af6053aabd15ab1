"""A server that is killed at any step loses nothing that it acknowledged, does nothing twice, and leaves no orphan."""

import subprocess
import sys
from contextlib import suppress

import pytest
from kills.serving import GONE, StoppedServer
from kills.stopping import spread

MANY = 60
LARGE = b"large object " * 20_000
PART = b"part" * (5 * 2**18)


class Acts:
    """What a client does, one after the other, and what of it was acknowledged.

    objects    by key: the content that reads back
    maybe      keys under way when the server went: absent, or whole
    """

    def __init__(self, server):
        self.s3, self.bucket = server.client("s3"), server.bucket
        self.objects, self.maybe = {}, {}

    def all(self):
        for round_ in range(3):
            self.put(f"small-{round_}", b"small %d" % round_)
            self.put(f"large-{round_}", LARGE + b"%d" % round_)
            self.put("replaced", b"replaced %d" % round_)
            self.in_parts(f"parts-{round_}", [PART, b"end %d" % round_])
            self.copy(f"large-{round_}", f"copy-{round_}")
            self.delete(f"large-{round_}")

    def put(self, key, body):
        self._write(key, body, lambda: self.s3.put_object(Bucket=self.bucket, Key=key, Body=body))

    def copy(self, source, key):
        self._write(
            key,
            self.objects[source],
            lambda: self.s3.copy_object(
                Bucket=self.bucket, Key=key, CopySource={"Bucket": self.bucket, "Key": source}
            ),
        )

    def delete(self, key):
        self._write(key, None, lambda: self.s3.delete_object(Bucket=self.bucket, Key=key))

    def in_parts(self, key, bodies):
        names = {"Bucket": self.bucket, "Key": key}

        def upload():
            upload = self.s3.create_multipart_upload(**names)["UploadId"]
            parts = []
            for number, body in enumerate(bodies, 1):
                sent = self.s3.upload_part(**names, UploadId=upload, PartNumber=number, Body=body)
                parts.append({"PartNumber": number, "ETag": sent["ETag"]})
            self.s3.complete_multipart_upload(
                **names, UploadId=upload, MultipartUpload={"Parts": parts}
            )

        self._write(key, b"".join(bodies), upload)

    def _write(self, key, after, act):
        before = self.objects.get(key)
        self.maybe = {key: (before, after)}
        act()
        self.maybe = {}
        self.objects[key] = after


def read(server):
    s3, found = server.client("s3"), {}
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=server.bucket):
        for entry in page.get("Contents", ()):
            key = entry["Key"]
            found[key] = s3.get_object(Bucket=server.bucket, Key=key)["Body"].read()
    return found


def lived_through(tmp_path, at, name):
    """Runs the acts on a server that ends at a step, starts another on the folder, and compares."""
    folder = tmp_path / name
    server, acts = StoppedServer(folder, tmp_path / f"{name}.steps", at), None
    if server.url:
        acts = Acts(server)
        with suppress(*GONE):
            acts.all()
    was_killed = server.end()
    n_steps = server.n_steps()
    again = StoppedServer(folder, tmp_path / f"{name}.after", 0)
    assert again.url, "it does not start again"
    try:
        found = read(again)
    finally:
        assert not again.end()
    if acts is not None:
        for key, content in acts.objects.items():
            if key not in acts.maybe:
                assert found.get(key) == content, (at, key)
        for key, states in acts.maybe.items():
            assert found.get(key) in states, (at, key)
        assert found.keys() <= acts.objects.keys() | acts.maybe.keys()
    checked = subprocess.run(
        [sys.executable, "-m", "windvane.cli.main", "check", "--data-dir", folder],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, (at, checked.stdout)
    return was_killed, n_steps


def uploads(tmp_path, n_points):
    was_killed, n_steps = lived_through(tmp_path, 0, "counted")
    assert not was_killed
    assert n_steps > 100
    # The last steps belong to the stop, which another run may come to by fewer.
    killed = [
        lived_through(tmp_path, at, f"killed-{at}")[0] for at in spread(n_steps - 10, n_points)
    ]
    assert sum(killed) >= n_points // 2


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_a_server_killed_at_sixty_steps_keeps_what_it_acknowledged(tmp_path):
    uploads(tmp_path, MANY)
