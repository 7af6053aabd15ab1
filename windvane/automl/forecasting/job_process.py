"""The process of a whole forecasting job: `python -m windvane.automl.forecasting.job_process` reads a ForecastJob from stdin and
tells on stdout how it goes, as automl/local/job_process.py does."""

from __future__ import annotations

import sys

from windvane.automl.forecasting.job import ForecastJob
from windvane.automl.forecasting.run import run_here
from windvane.automl.local.job_process import run_asked
from windvane.automl.local.libraries import Libraries


def main() -> int:
    return run_asked(
        Libraries(("lightgbm",)),
        lambda text, tell, loaded: run_here(ForecastJob.from_json(text), tell, loaded),
    )


if __name__ == "__main__":
    sys.exit(main())
