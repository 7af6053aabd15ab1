"""Fill a server's store through its port and see what it costs: python -m benchmarks.objects [--buckets N] [--objects N]

Half of the objects go into one bucket, the others evenly into all. Each key has two characters of Unicode in turn, so
that a million of them have them all, and one in ten has what paths and lists get wrong: `//`, `..`, no slash, a final
one, 1,024 bytes, characters that join. Everything is put by signed requests over connections that stay open, listed
key by key, partly deleted, and looked at with boto3; then the server is started again on what is there.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.sax.saxutils import escape

from benchmarks.consoled import Served, served
from benchmarks.growth import held_by, processes
from benchmarks.signed import Connection

_LARGE = "large"
_TENTHS = 10
_DELETED_AT_ONCE = 1000
_SAMPLE = 300
_LAST = 0x10FFFF
_N_SURROGATES = 0x800
_FIRST_SURROGATE = 0xD800
_JOINED = "e\u0301\U0001f469\u200d\U0001f52c\u202eab\u200f"
"""An accent of its own, a person and a microscope that join, and text that turns its direction."""


@dataclass(frozen=True)
class Asked:
    buckets: int
    objects: int
    connections: int


def key_of(number: int) -> str:
    """The key of an object: two characters of Unicode of its own, and every tenth in a form that is easily lost."""
    one, two = character(2 * number), character(2 * number + 1)
    forms = (
        f"{number}//{one}{two}",
        f"{number}/../{one}/./{two}",
        f"/{number}{one}{two}",
        f"{number}{one}{two}/",
        f"{one}{two}{number}",
        f"{number}{_JOINED}{one}{two}",
        f"{number}+%2F%00&={one} {two}",
    )
    if number % 10 == 0:
        return forms[number // 10 % len(forms)]
    plain = f"{number:07}-{one}{two}"
    return plain if number % 1001 else plain + "x" * (1024 - len(plain.encode()))


def character(number: int) -> str:
    """All of Unicode in turn but U+0000, which no key may have, and halves of surrogate pairs, which are none."""
    code = 1 + number % (_LAST - _N_SURROGATES)
    return chr(code if code < _FIRST_SURROGATE else code + _N_SURROGATES)


def body_of(number: int) -> bytes:
    return hashlib.sha256(str(number).encode()).digest() * 4


def bucket_name(number: int) -> str:
    return f"many-{number:05}"


def bucket_of(number: int, n_buckets: int) -> str:
    return _LARGE if number % 2 == 0 else bucket_name(number // 2 % n_buckets)


def keys_by_bucket(asked: Asked) -> dict[str, list[str]]:
    """In the order of lists: that of UTF-8."""
    keys: dict[str, list[str]] = {_LARGE: []}
    keys |= {bucket_name(number): [] for number in range(asked.buckets)}
    for number in range(asked.objects):
        keys[bucket_of(number, asked.buckets)].append(key_of(number))
    for found in keys.values():
        found.sort(key=str.encode)
    return keys


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("--buckets", type=int, default=10_000)
    parser.add_argument("--objects", type=int, default=1_000_000)
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--folder", type=Path, help="where to put the data folder")
    given = parser.parse_args(arguments)
    asked = Asked(given.buckets, given.objects, given.connections)
    with tempfile.TemporaryDirectory(prefix="objects-", dir=given.folder) as name:
        run(Path(name) / "data", asked)
    return 0


def run(data_dir: Path, asked: Asked) -> None:
    """raises    AssertionError if anything is not as it was put; RuntimeError for an answer that is no success"""
    with served(data_dir) as server:
        told("start, empty folder", f"{server.start_s:.1f} s", server)
        create_buckets(server, asked)
        put_objects(server, asked)
        keys = keys_by_bucket(asked)
        list_all(server, keys)
        look_with_boto3(server, asked, keys)
        delete_some(server, keys[_LARGE], asked.objects // 20)
    print(f"disk: {_size(data_dir / 's3')}; with the rest of the data folder {_size(data_dir)}")
    with served(data_dir) as server:
        told("start, full folder", f"{server.start_s:.1f} s", server)
        list_all(server, keys)
    started = time.monotonic()
    command = [sys.executable, "-m", "windvane.cli.main", "check", "--data-dir", str(data_dir)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    print(f"windvane check: {time.monotonic() - started:.0f} s; {done.stdout.strip()[-300:]}")


def told(what: str, figure: str, server: Served) -> None:
    [pid] = [pid for name, pid in processes(server.data_dir) if name == "server"]
    held = held_by(pid)
    resident = "?" if held is None else f"{held.resident / 2**20:.0f} MB"
    print(f"{what}: {figure}; the server holds {resident}", flush=True)


def create_buckets(server: Served, asked: Asked) -> None:
    started = time.monotonic()
    names = [_LARGE, *(bucket_name(number) for number in range(asked.buckets))]
    shared(server, asked.connections, names, lambda one, name: one.ask("PUT", f"/{name}"))
    seconds = time.monotonic() - started
    told(f"{len(names)} buckets", f"{len(names) / seconds:.0f} a second", server)


def put_objects(server: Served, asked: Asked) -> None:
    def put(connection: Connection, number: int) -> None:
        path = f"/{bucket_of(number, asked.buckets)}/{key_of(number)}"
        connection.ask("PUT", path, body=body_of(number))

    started = time.monotonic()
    for tenth in range(_TENTHS):
        before = time.monotonic()
        numbers = range(asked.objects * tenth // _TENTHS, asked.objects * (tenth + 1) // _TENTHS)
        shared(server, asked.connections, numbers, put)
        rate = len(numbers) / (time.monotonic() - before)
        told(f"objects up to {numbers.stop}", f"{rate:.0f} puts a second", server)
    seconds = time.monotonic() - started
    told(f"{asked.objects} objects", f"{asked.objects / seconds:.0f} puts a second", server)


def list_all(server: Served, keys: Mapping[str, list[str]]) -> None:
    with Connection(server.env) as connection:
        for what, names in (("one bucket", [_LARGE]), ("the others", [*keys][1:])):
            started, n = time.monotonic(), 0
            for name in names:
                found = list(listed(connection, name))
                assert found == keys[name], f"the list of {name} is not that of its keys"
                n += len(found)
            seconds = time.monotonic() - started
            rate = f"{n / seconds:.0f} keys a second, {len(names) / seconds:.1f} buckets a second"
            told(f"list of {what}, {n} keys", rate, server)


def listed(connection: Connection, bucket: str) -> Iterator[str]:
    query = {"list-type": "2", "encoding-type": "url"}
    while True:
        text = connection.ask("GET", f"/{bucket}", query).decode()
        yield from (unquote(part.partition("<")[0]) for part in text.split("<Key>")[1:])
        _, _, rest = text.partition("<NextContinuationToken>")
        if not rest:
            return
        query["continuation-token"] = rest.partition("<")[0]


def delete_some(server: Served, keys: list[str], n: int) -> None:
    """In requests of 1,000 keys; those that XML cannot hold one by one. What is deleted leaves `keys`."""
    gone, started = keys[:n], time.monotonic()
    in_xml = [key for key in gone if all(_is_xml(character) for character in key)]
    others = sorted(set(gone) - set(in_xml))
    with Connection(server.env) as connection:
        for start in range(0, len(in_xml), _DELETED_AT_ONCE):
            chosen = in_xml[start : start + _DELETED_AT_ONCE]
            entries = "".join(
                f"<Object><Key>{escape(key, {chr(13): '&#13;'})}</Key></Object>" for key in chosen
            )
            body = f"<Delete><Quiet>true</Quiet>{entries}</Delete>".encode()
            answer = connection.ask("POST", f"/{_LARGE}", {"delete": ""}, body, _md5(body))
            assert b"<Error>" not in answer, answer[:500]
        for key in others:
            connection.ask("DELETE", f"/{_LARGE}/{key}")
        del keys[:n]
        assert list(listed(connection, _LARGE)) == keys, "what is left is not what was not deleted"
    told(f"{n} deleted", f"{n / (time.monotonic() - started):.0f} a second, listed again", server)


def _md5(body: bytes) -> dict[str, str]:
    digest = hashlib.md5(body, usedforsecurity=False).digest()
    return {"content-md5": b64encode(digest).decode()}


def _is_xml(character: str) -> bool:
    code = ord(character)
    return character in "\t\n\r" or (code >= 0x20 and code not in (0xFFFE, 0xFFFF))


def look_with_boto3(server: Served, asked: Asked, keys: Mapping[str, list[str]]) -> None:
    s3 = server.client("s3")
    pages = list(s3.get_paginator("list_buckets").paginate(PaginationConfig={"PageSize": 1000}))
    names = {bucket["Name"] for page in pages for bucket in page["Buckets"]}
    assert keys.keys() <= names, f"{len(keys.keys() - names)} buckets are not listed"
    lister = s3.get_paginator("list_objects_v2")
    for name in random.Random(0).sample([*keys][1:], min(20, asked.buckets)):
        entries = [one for page in lister.paginate(Bucket=name) for one in page.get("Contents", [])]
        assert [entry["Key"] for entry in entries] == keys[name]
    for number in random.Random(1).sample(range(asked.objects), min(_SAMPLE, asked.objects)):
        place = {"Bucket": bucket_of(number, asked.buckets), "Key": key_of(number)}
        body = body_of(number)
        assert s3.head_object(**place)["ContentLength"] == len(body), place
        assert s3.get_object(**place)["Body"].read() == body, place
    told(
        f"boto3: {len(names)} buckets in {len(pages)} pages, lists, heads and gets",
        "all right",
        server,
    )


def shared(
    server: Served,
    n_connections: int,
    items: Sequence[Any],
    work: Callable[[Connection, Any], object],
) -> None:
    """Do the work for all items, over several connections at once; raises what one of them raised."""
    with ThreadPoolExecutor(n_connections) as pool:
        list(pool.map(partial(_work, server, items, work, n_connections), range(n_connections)))


def _work(
    server: Served,
    items: Sequence[Any],
    work: Callable[[Connection, Any], object],
    step: int,
    first: int,
) -> None:
    with Connection(server.env) as connection:
        for item in items[first::step]:
            work(connection, item)


def _size(folder: Path) -> str:
    n_bytes = n_files = 0
    for path in folder.rglob("*"):
        n_files += 1
        n_bytes += path.lstat().st_blocks * 512
    return f"{n_bytes / 2**20:.0f} MB in {n_files} files and folders"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
