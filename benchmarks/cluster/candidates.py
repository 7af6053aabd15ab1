"""What requests take for a job of more and more candidates: python -m benchmarks.cluster.candidates [--candidates 10,100,750]

The jobs are written as records. Each request is sent to a server on their folder over loopback, one after the other; pages of the
console by a plain client with a session, so without what a browser does with them.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmarks.consoled import Served, served, signed_in
from benchmarks.markdown import markdown_table
from benchmarks.seeded import add_job


def main(arguments: Sequence[str]) -> int:
    asked = _parser().parse_args(arguments)
    counts = [int(number) for number in asked.candidates.split(",")]
    rows: dict[str, list[str]] = {}
    with (
        tempfile.TemporaryDirectory(prefix="windvane-candidates-") as name,
        served(Path(name) / "data") as server,
    ):
        open_page = signed_in(server)
        for count in counts:
            job = f"candidates-{count}"
            add_job(server.data_dir, job, count)
            for request, ask in _requests(server, open_page, job, count).items():
                rows.setdefault(request, []).append(f"{_median_ms(ask, asked.rounds):.1f}")
    head = ["ms at the median", *(f"{count:,} candidates" for count in counts)]
    print(markdown_table(head, [[request, *cells] for request, cells in rows.items()]))
    print(f"\nLoad at the end: {os.getloadavg()[0]:.0f}.")
    return 0


def _requests(
    server: Served, open_page: Callable[[str], bytes], job: str, count: int
) -> Mapping[str, Callable[[], object]]:
    sagemaker = server.client("sagemaker")
    pages = sagemaker.get_paginator("list_candidates_for_auto_ml_job")

    def every_page() -> None:
        listed = [one for page in pages.paginate(AutoMLJobName=job) for one in page["Candidates"]]
        if len(listed) != count:
            raise ValueError(f"{job} has {len(listed)} candidates and should have {count}")

    return {
        "DescribeAutoMLJob": lambda: sagemaker.describe_auto_ml_job(AutoMLJobName=job),
        "ListCandidatesForAutoMLJob, first page": lambda: sagemaker.list_candidates_for_auto_ml_job(
            AutoMLJobName=job, SortBy="FinalObjectiveMetricValue", SortOrder="Descending"
        ),
        "ListCandidatesForAutoMLJob, all pages": every_page,
        "console, the job": lambda: open_page(f"/console/jobs/{job}"),
        "console, its leaderboard": lambda: open_page(f"/console/jobs/{job}/leaderboard"),
    }


def _median_ms(ask: Callable[[], object], rounds: int) -> float:
    """The server is warm after the first."""
    ask()
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        ask()
        times.append(time.perf_counter() - started)
    return 1000 * statistics.median(times)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("--candidates", default="10,100,750")
    parser.add_argument("--rounds", type=int, default=15)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
