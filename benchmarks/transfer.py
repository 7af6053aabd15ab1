"""How fast large objects go in and out, beside a plain copy of the same file: python -m benchmarks.transfer [--mb N] [--rounds N]

Each round does everything once, so that what else the machine does falls on all alike; ratios are of one round to its own
copy. What hashing the file costs by itself is measured too, as the floor of what S3 asks for: the MD5 of the entity tag,
the SHA-256 of a signed body, and the CRC32 that boto3 adds. `signed client` sends by sendfile and costs next to nothing;
boto3 reads and hashes the file before it sends it, on the same cores.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmarks.consoled import Served, served
from benchmarks.growth import processes
from benchmarks.signed import UNSIGNED, Connection

_BLOCK = 1 << 20
_COPY = "cp and fsync"
Step = Callable[[], object]


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("--mb", type=int, default=512, help="size of the file, in MiB")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--folder", type=Path, help="where to put the data folder and the file")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="transfer-", dir=asked.folder) as name:
        file = Path(name) / "file"
        _fill(file, asked.mb)
        with served(Path(name) / "data") as server:
            steps = {**_local(file), **_raw(server, file), **_boto3(server, file)}
            measure(steps, asked.mb, asked.rounds, server)
    return 0


def measure(steps: Mapping[str, Step], mb: int, rounds: int, server: Served) -> None:
    rates: dict[str, list[float]] = {name: [] for name in steps}
    cpu = dict.fromkeys(steps, 0.0)
    [pid] = [pid for name, pid in processes(server.data_dir) if name == "server"]
    for _ in range(rounds):
        for name, step in steps.items():
            before, started = _cpu_s(pid), time.perf_counter()
            step()
            rates[name].append(mb / (time.perf_counter() - started))
            cpu[name] += _cpu_s(pid) - before
            os.sync()
    print(
        "| | MB/s, median (least to most) | of cp and fsync | CPU of the server, s a GB |\n|---|---|---|---|"
    )
    for name, found in rates.items():
        ratios = [rate / copy for rate, copy in zip(found, rates[_COPY], strict=True)]
        print(
            f"| {name} | {statistics.median(found):.0f} ({min(found):.0f} to {max(found):.0f}) "
            f"| {statistics.median(ratios):.0%} | {cpu[name] / rounds / mb * 1024:.1f} |"
        )


def _fill(file: Path, mb: int) -> None:
    with file.open("wb") as written:
        for _ in range(mb):
            written.write(os.urandom(_BLOCK))


def _local(file: Path) -> dict[str, Step]:
    copy = file.with_name("copy")

    def plain() -> None:
        copy.unlink(missing_ok=True)
        subprocess.run(["cp", str(file), str(copy)], check=True)

    def synced() -> None:
        plain()
        descriptor = os.open(copy, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)

    def summed(update: Callable[[bytes], object]) -> None:
        with file.open("rb") as read:
            while block := read.read(_BLOCK):
                update(block)

    return {
        "cp": plain,
        _COPY: synced,
        "MD5 alone": lambda: summed(hashlib.md5(usedforsecurity=False).update),
        "SHA-256 alone": lambda: summed(hashlib.sha256().update),
        "CRC32 alone": lambda: summed(zlib.crc32),
    }


def _raw(server: Served, file: Path) -> dict[str, Step]:
    path, size = f"/{server.env['WINDVANE_BUCKET']}/signed", file.stat().st_size
    with file.open("rb") as read:
        declared = hashlib.file_digest(read, "sha256").hexdigest()

    def put(of_body: str) -> None:
        with Connection(server.env) as connection, file.open("rb") as read:
            connection.put_file(path, read, size, of_body)

    def get() -> None:
        with Connection(server.env) as connection:
            assert connection.get_and_drop(path) == size

    return {
        "signed client, PUT, body unsigned": lambda: put(UNSIGNED),
        "signed client, PUT, body signed": lambda: put(declared),
        "signed client, GET": get,
    }


def _boto3(server: Served, file: Path) -> dict[str, Step]:
    s3, bucket = server.client("s3"), server.env["WINDVANE_BUCKET"]

    def put() -> None:
        with file.open("rb") as read:
            s3.put_object(Bucket=bucket, Key="put", Body=read)

    def get() -> None:
        body = s3.get_object(Bucket=bucket, Key="put")["Body"]
        while body.read(_BLOCK):
            pass

    down = str(file.with_name("down"))
    return {
        "boto3 put_object": put,
        "boto3 upload_file": lambda: s3.upload_file(str(file), bucket, "up"),
        "boto3 get_object": get,
        "boto3 download_file": lambda: s3.download_file(bucket, "up", down),
    }


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
