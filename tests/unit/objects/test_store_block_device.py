"""The power of a block device is cut while objects are put: what the file system had not written is gone, nothing acknowledged is.

A file system in a file is copied while the writer stands still: its page cache is not in the copy. Needs root, loop
devices and e2fsprogs.
"""

import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
from contextlib import closing

import pytest

from windvane.objects.store import open_objects

_WRITE = """
import hashlib, os, sys, threading
from pathlib import Path
from windvane.objects.records import Attributes
from windvane.objects.store import open_objects

store = open_objects(Path(sys.argv[1]))

def write(thread):
    number = 0
    while True:
        number += 1
        key = f"{thread}/{number % 40}"
        data = f"{sys.argv[2]} {thread} {number} ".encode() * (50 if number % 4 else 5000)
        with store.stage() as staged:
            staged.write(data)
            made = store.put("b", key, staged, hashlib.md5(data).hexdigest(), Attributes())
        os.write(1, f"{key} {made.sequence}\\n".encode())

for thread in "abcd":
    threading.Thread(target=write, args=(thread,)).start()
"""

_CUTS = 20


def _run(*command):
    subprocess.run([str(part) for part in command], check=True, capture_output=True)


@pytest.fixture
def device(tmp_path):
    """An image of a file system, and where it is mounted."""
    if os.geteuid() != 0 or shutil.which("mkfs.ext4") is None:
        pytest.skip("needs root and mkfs.ext4, to mount a file system of its own")
    image, place = tmp_path / "image", tmp_path / "mounted"
    image.touch()
    os.truncate(image, 192 * 2**20)
    place.mkdir()
    _run("mkfs.ext4", "-q", image)
    try:
        _run("mount", "-o", "loop", image, place)
    except subprocess.CalledProcessError:
        pytest.skip("needs loop devices")
    yield image, place
    _run("umount", place)


@pytest.mark.long
def test_nothing_acknowledged_is_lost_when_a_device_loses_power(device, tmp_path):
    image, place = device
    store = open_objects(place / "s3")
    store.create_bucket("b", "111122223333", "us-east-1")
    store.close()
    chance = random.Random(0)
    n_acknowledged = 0
    for cut in range(_CUTS):
        lines = _written_until_cut(place, image, tmp_path / "left", cut, chance.randrange(50, 200))
        n_acknowledged += len(lines)
        _check(tmp_path / "left", tmp_path / "looked-at", lines)
    assert n_acknowledged > 2000


def _written_until_cut(place, image, left, cut, n_lines):
    writer = subprocess.Popen(
        [sys.executable, "-c", _WRITE, str(place / "s3"), str(cut)], stdout=subprocess.PIPE
    )
    said = [writer.stdout.readline() for _ in range(n_lines)]
    listener = threading.Thread(target=lambda: said.extend(writer.stdout))
    listener.start()
    writer.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, writer.pid, os.WSTOPPED | os.WNOWAIT)
    acknowledged = list(said)
    _run("cp", "--sparse=always", image, left)
    writer.kill()
    writer.wait()
    listener.join()
    writer.stdout.close()
    return acknowledged


def _check(left, place, lines):
    """What the file system left is read without mounting it: the journal is replayed in the image, and files are taken
    from there. Of several loop devices that come and go at once, one may show blocks of another, and synced data seem
    to be lost: seen with nothing but files that were written, synced and looked for."""
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    _run("e2fsck", "-y", "-E", "journal_only", left)
    _run("debugfs", "-R", f"rdump /s3 {place}", left)
    with closing(open_objects(place / "s3")) as store:
        newest = {}
        for line in lines:
            key, sequence = line.decode().split()
            newest[key] = max(int(sequence), newest.get(key, 0))
        for key, sequence in newest.items():
            found = store.find("b", key)
            assert found.sequence >= sequence, key
            with store.open(found) as stream:
                assert hashlib.md5(stream.read()).hexdigest() == found.etag
        assert list(store.damages()) == []
        store.sweep(store._clock())
        assert list(store.orphans()) == []
