"""A forecasting job and its candidates behind the console."""

from dataclasses import replace

from api.test_reports import ROOT
from unit.console.board import a_candidate, a_job

from windvane.domain.candidate import Metric
from windvane.domain.forecasting import ForecastSpec
from windvane.domain.frequency import Frequency
from windvane.domain.job import ApiVersion, Echo
from windvane.domain.problem import MetricName

FINDINGS = f"{ROOT}/preprocessed-data/series/findings.json"


def a_forecasting_job(**changes):
    job = a_job(objective=MetricName.WQL, problem_type=None, **changes)
    config = {
        "ForecastFrequency": "1D",
        "ForecastHorizon": 14,
        "TimeSeriesConfig": {
            "TargetAttributeName": "sales",
            "TimestampAttributeName": "day",
            "ItemIdentifierAttributeName": "shop",
        },
    }
    request = dict(job.echo.members)
    told = {
        "AutoMLJobName": job.name,
        "AutoMLJobInputDataConfig": [{"DataSource": request["InputDataConfig"][0]["DataSource"]}],
        "AutoMLProblemTypeConfig": {"TimeSeriesForecastingJobConfig": config},
        "OutputDataConfig": request["OutputDataConfig"],
        "RoleArn": request["RoleArn"],
    }
    spec = ForecastSpec("sales", "day", 14, item_id="shop", frequency=Frequency.parse("1D"))
    return replace(job, spec=replace(job.spec, problem=spec), echo=Echo(ApiVersion.V2, told))


def a_forecaster(index=1, **changes):
    metrics = (Metric(MetricName.WQL, 0.2, standard_error=0.01), Metric(MetricName.MASE, 0.8))
    fields = {
        "algorithm": "theta",
        "recipe": "",
        "score": 0.2,
        "metrics": metrics,
        "latency_s": None,
    }
    return a_candidate(index, **(fields | changes))
