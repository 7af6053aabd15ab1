"""The process of a whole forecasting job: `python -m windvane.automl.forecasting.job_process` reads a ForecastJob from stdin and
tells on stdout how it goes, as automl/local/job_process.py does."""

from __future__ import annotations

import select
import sys

from windvane.automl.forecasting.job import ForecastJob
from windvane.automl.forecasting.run import run_here
from windvane.automl.local.job_process import told_on_stdout
from windvane.automl.local.libraries import Libraries, keep_pandas_from_arrow
from windvane.errors import DataFault, JobFault


def main() -> int:
    tell = told_on_stdout()
    keep_pandas_from_arrow()
    libraries = Libraries(("lightgbm",))
    while not select.select([sys.stdin], [], [], 0)[0] and libraries.load_next():
        pass
    job = ForecastJob.from_json(sys.stdin.read())
    try:
        run_here(job, tell, libraries)
    except JobFault as fault:
        kind = "DataFault" if isinstance(fault, DataFault) else "JobFault"
        tell({"event": "failed", "error": kind, "text": str(fault)})
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
