"""What requests take while the store has more and more jobs: python -m benchmarks.cluster.many_jobs [--jobs 10,1000,100000]

A server on a folder whose store is filled with ended jobs between two rounds; each request is sent by boto3, over loopback, one after
the other, the console's page by a plain client with a session.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.cluster.copied import fill_by_copies
from benchmarks.consoled import Served, served, signed_in
from benchmarks.markdown import markdown_table

_TARGET = "id,y\n" + "".join(f"{number},{number % 2}\n" for number in range(600))


def main(arguments: Sequence[str]) -> int:
    asked = _parser().parse_args(arguments)
    rows: dict[str, list[str]] = {}
    counts = [int(number) for number in asked.jobs.split(",")]
    with tempfile.TemporaryDirectory(prefix="windvane-many-") as name:
        with served(Path(name) / "data") as server:
            uri = server.upload("train.csv", _TARGET.encode())
        n_before, newest = 0, datetime.now(UTC).replace(microsecond=0)
        for count in counts:
            filling = time.monotonic()
            fill_by_copies(Path(name) / "data", n_before, count, asked.candidates, newest)
            took_s = time.monotonic() - filling
            print(f"{count:,} jobs filled in, {took_s:.0f} s", file=sys.stderr, flush=True)
            n_before = count
            with served(Path(name) / "data") as server:
                for request, ask in _requests(server, uri, count).items():
                    asked_for, after = ask if isinstance(ask, tuple) else (ask, _nothing)
                    took = _median_ms(asked_for, after, asked.rounds)
                    rows.setdefault(request, []).append(took)
    head = ["ms at the median", *(f"{count:,} jobs" for count in counts)]
    print(markdown_table(head, [[request, *cells] for request, cells in rows.items()]))
    return 0


Ask = Callable[[], Any]


def _requests(
    server: Served, uri: str, count: int
) -> Mapping[str, Ask | tuple[Ask, Callable[[Any], None]]]:
    """Return what is asked, by its name, and what is done with the answer where that is not measured."""
    sagemaker = server.client("sagemaker")
    newest, oldest = "filled-0000000", f"filled-{count - 1:07}"
    numbers = itertools.count()

    def create() -> str:
        name = f"new-{count}-{next(numbers)}"
        limits = {"CompletionCriteria": {"MaxCandidates": 1}}
        server.create_job(name, uri, "y", AutoMLJobConfig=limits)
        return name

    def stop(name: str) -> None:
        """Before the next one: an account has few jobs at once."""
        sagemaker.stop_auto_ml_job(AutoMLJobName=name)
        server.wait_for_job(name)

    open_page = signed_in(server)
    return {
        "CreateAutoMLJob": (create, stop),
        "DescribeAutoMLJob, newest": lambda: sagemaker.describe_auto_ml_job(AutoMLJobName=newest),
        "DescribeAutoMLJob, oldest": lambda: sagemaker.describe_auto_ml_job(AutoMLJobName=oldest),
        "ListAutoMLJobs, first page": lambda: sagemaker.list_auto_ml_jobs(),
        "ListAutoMLJobs, by name": lambda: sagemaker.list_auto_ml_jobs(
            NameContains=oldest, SortBy="Name"
        ),
        "ListAutoMLJobs, Failed": lambda: sagemaker.list_auto_ml_jobs(StatusEquals="Failed"),
        "ListCandidatesForAutoMLJob": lambda: sagemaker.list_candidates_for_auto_ml_job(
            AutoMLJobName=oldest
        ),
        "console, first page": lambda: open_page("/console/"),
    }


def _nothing(_: Any) -> None:
    pass


def _median_ms(ask: Ask, after: Callable[[Any], None], rounds: int) -> str:
    """The server is warm after the first."""
    after(ask())
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        answer = ask()
        times.append(time.perf_counter() - started)
        after(answer)
    return f"{1000 * statistics.median(times):.1f}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("--jobs", default="10,1000,10000,100000,1000000")
    parser.add_argument("--candidates", type=int, default=2, help="of each job that is filled in")
    parser.add_argument("--rounds", type=int, default=15)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
