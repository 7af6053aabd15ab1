"""python -m hostile.fuzz_models.command FOLDER FIRST N ROUNDS [NAME ...]

Tries N changed models of each target, from the seed FIRST on, and prints a line of JSON for each target; then the next N,
for so many rounds. A process of its own, in which no library has begun threads: it forks.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from hostile.fuzz_models.running import run
from hostile.fuzz_models.targets import NAMES, target


def main() -> None:
    folder, first, n, rounds = Path(sys.argv[1]), *map(int, sys.argv[2:5])
    targets = []
    for name in sys.argv[5:] or NAMES:
        (folder / name / "made").mkdir(parents=True)
        targets.append(target(name, folder / name / "made"))
    for start in range(first, first + rounds * n, n):
        for one in targets:
            report = run(one, range(start, start + n), folder / one.name / "tried")
            told = {
                "name": one.name,
                "first": start,
                "counts": report.counts,
                "bad": report.bad[:20],
                "refused_by": dict(report.refused_by.most_common(12)),
                "a_second": round(n / report.seconds),
                "a_second_of_processor": round(n / report.cpu_seconds),
            }
            print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
