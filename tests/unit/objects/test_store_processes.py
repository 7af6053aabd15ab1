"""Several processes on one store, some of which are killed."""

import hashlib
import random
import subprocess
import sys

import pytest

from windvane.objects.records import Attributes
from windvane.objects.store import open_objects

_OPEN = """
import hashlib, os, sys, threading
from pathlib import Path
from windvane.objects.errors import NoSuchVersion, PreconditionFailed
from windvane.objects.records import Attributes, Condition, NamedPart
from windvane.objects.store import open_objects

store = open_objects(Path(sys.argv[1]))
me = sys.argv[2]

def say(line):
    os.write(1, line.encode())

def put(key, data, condition=None):
    with store.stage() as staged:
        staged.write(data)
        store.put("b", key, staged, hashlib.md5(data).hexdigest(), Attributes(), condition=condition)
"""

_WRITE_FOR_EVER = """
def write(thread):
    number = 0
    while True:
        number += 1
        key, data = f"{me}/{thread}/{number % 50}", f"{number} ".encode() * (7 if number % 3 else 9000)
        put(key, data)
        say(f"put {key} {hashlib.md5(data).hexdigest()}\\n")
        if number % 5 == 0:
            store.delete("b", f"{me}/{thread}/{number % 50}")
            say(f"deleted {key} -\\n")
        if number % 7 == 0:
            upload = store.create_upload("b", f"{me}/{thread}/parts", Attributes())
            with store.stage_part(upload) as staged:
                staged.write(data)
                part = store.put_part(upload, 1, staged, hashlib.md5(data).hexdigest())
            whole = store.complete_upload(upload, [NamedPart(1, part.etag)], Attributes())
            say(f"put {me}/{thread}/parts {whole.etag}\\n")

for thread in "ab":
    threading.Thread(target=write, args=(thread,)).start()
"""

_COUNT = """
for _ in range(20):
    while True:
        found = store.find("b", "counter")
        try:
            with store.open(found) as stream:
                number = int(stream.read())
            put("counter", str(number + 1).encode(), Condition(if_match=found.etag))
        except (NoSuchVersion, PreconditionFailed):
            continue
        break
    put(f"{me}/{number}", b"x" * 20_000)
"""

_HOLD_A_FILE = """
staged = store.stage()
staged.write(b"x" * 100_000)
upload = store.create_upload("b", "parts", Attributes())
part = store.stage_part(upload)
part.write(b"y" * 100_000)
print("held", flush=True)
sys.stdin.readline()
store.put("b", "late", staged, hashlib.md5(b"x" * 100_000).hexdigest(), Attributes())
etag = store.put_part(upload, 1, part, hashlib.md5(b"y" * 100_000).hexdigest()).etag
store.complete_upload(upload, [NamedPart(1, etag)], Attributes())
"""


def start(program, folder, name):
    return subprocess.Popen(
        [sys.executable, "-c", _OPEN + program, str(folder), name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def new_store(tmp_path):
    store = open_objects(tmp_path / "s3")
    store.create_bucket("b", "111122223333", "us-east-1")
    return store


def read(store, key):
    with store.open(store.find("b", key)) as stream:
        return stream.read()


@pytest.mark.slow
def test_what_killed_processes_acknowledged_is_there(tmp_path):
    new_store(tmp_path).close()
    earlier, n_acknowledged = {}, 0
    chance = random.Random(0)
    for life in range(8):
        writer = start(_WRITE_FOR_EVER, tmp_path / "s3", str(life))
        said = "".join(writer.stdout.readline() for _ in range(chance.randrange(1, 60)))
        writer.kill()
        said += writer.communicate()[0]
        lines = [line.split() for line in said.splitlines()]
        n_acknowledged += len(lines)
        store = open_objects(tmp_path / "s3")
        found = {one.key: one.etag for one in _all(store)}
        assert {key: found.get(key) for key in earlier} == earlier
        for thread in "ab":
            _check_thread(found, lines, f"{life}/{thread}/")
        assert list(store.damages()) == []
        store.sweep(store._clock())
        assert list(store.orphans()) == []
        store.close()
        earlier = found
    assert n_acknowledged > 100


def _all(store):
    after = ""
    while after is not None:
        page = store.list_objects("b", after=after)
        yield from page.objects
        after = page.next


def _check_thread(found, lines, prefix):
    """Every key is as it was last acknowledged, but for at most one that an operation was under way on."""
    last = {
        key: etag if word == "put" else None for word, key, etag in lines if key.startswith(prefix)
    }
    differing = [key for key, etag in last.items() if found.get(key) != etag]
    assert len(differing) <= 1, differing


def test_processes_lose_no_update_of_each_other(tmp_path):
    store = new_store(tmp_path)
    with store.stage() as staged:
        staged.write(b"0")
        store.put("b", "counter", staged, hashlib.md5(b"0").hexdigest(), Attributes())
    running = [start(_COUNT, tmp_path / "s3", str(number)) for number in range(3)]
    store.sweep(store._clock())
    for process in running:
        process.communicate(timeout=60)
        assert process.returncode == 0
    assert read(store, "counter") == b"60"
    assert len(list(_all(store))) == 61
    assert list(store.damages()) == []
    assert list(store.orphans()) == []


def test_a_sweep_spares_what_another_process_is_writing(tmp_path):
    store = new_store(tmp_path)
    writer = start(_HOLD_A_FILE, tmp_path / "s3", "writer")
    assert writer.stdout.readline() == "held\n"
    assert len(list(store.orphans())) == 2
    store.sweep(store._clock())
    assert len(list(store.orphans())) == 2
    writer.communicate("\n", timeout=60)
    assert writer.returncode == 0
    assert read(store, "late") == b"x" * 100_000
    assert read(store, "parts") == b"y" * 100_000


def test_a_sweep_removes_what_a_killed_process_left(tmp_path):
    store = new_store(tmp_path)
    writer = start(_HOLD_A_FILE, tmp_path / "s3", "writer")
    assert writer.stdout.readline() == "held\n"
    writer.kill()
    writer.communicate()
    store.sweep(store._clock())
    assert list(store.orphans()) == []
    assert len(store.list_uploads("b").uploads) == 1
