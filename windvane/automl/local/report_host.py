"""The process that makes reports of a job that is over: `python -m windvane.automl.local.report_host` reads a Commission
from stdin and tells on stdout, as `windvane.automl.local.host` does and for the same reasons.
"""

from __future__ import annotations

import sys

from windvane.automl.local.commission import Commission
from windvane.automl.local.events import Teller
from windvane.automl.local.host import told_on_stdout
from windvane.automl.local.reports import make_reports


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
