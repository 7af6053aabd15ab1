"""The process that makes reports of a job that is over: `python -m windvane.automl.local.report_process` reads a ReportRequest
from stdin and tells on stdout, as `windvane.automl.local.job_process` does and for the same reasons.
"""

from __future__ import annotations

import sys

from windvane.automl.local.events import EventEmitter
from windvane.automl.local.job_process import told_on_stdout
from windvane.automl.local.report_request import ReportRequest
from windvane.automl.local.reports import make_reports


def main() -> int:
    tell = told_on_stdout()
    request = ReportRequest.from_json(sys.stdin.read())
    emitter = EventEmitter(request.started, tell)
    with emitter.stage("reports"):
        make_reports(request, emitter)
    emitter.tell("done")
    return 0


if __name__ == "__main__":
    sys.exit(main())
