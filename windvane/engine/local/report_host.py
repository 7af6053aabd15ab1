"""The process that makes reports of a job that is over: `python -m windvane.engine.local.report_host` reads a Commission
from stdin and tells on stdout, as `windvane.engine.local.host` does and for the same reasons.
"""

from __future__ import annotations

import sys

from windvane.engine.local.commission import Commission
from windvane.engine.local.host import told_on_stdout
from windvane.engine.local.reports import make_reports
from windvane.engine.local.telling import Teller


def main() -> int:
    tell = told_on_stdout()
    commission = Commission.from_json(sys.stdin.read())
    teller = Teller(commission.started, tell)
    with teller.stage("reports"):
        make_reports(commission, teller)
    teller.tell("done")
    return 0


if __name__ == "__main__":
    sys.exit(main())
