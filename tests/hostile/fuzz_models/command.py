"""python -m hostile.fuzz_models.command FOLDER FIRST N [NAME ...]

Tries N changed models of each target, from the seed FIRST on, and prints a line of JSON for each target. A process of its own, in
which no library has begun threads: it forks.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from hostile.fuzz_models.running import run
from hostile.fuzz_models.targets import NAMES, target


def main() -> None:
    folder, first, n = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    for name in sys.argv[4:] or NAMES:
        scratch = folder / name
        (scratch / "made").mkdir(parents=True)
        report = run(target(name, scratch / "made"), range(first, first + n), scratch / "tried")
        told = {
            "name": name,
            "counts": report.counts,
            "bad": report.bad[:20],
            "a_second": n / report.seconds,
        }
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
