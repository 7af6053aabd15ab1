"""The SageMaker SDK 2.x, from a local file of series to forecasts of a batch and an endpoint.

`sdk_forecast.py JOB TRAIN.csv HISTORY.csv`: the last line printed is JSON of what it was told.
"""

import json
import sys
from pathlib import Path

import sagemaker
from sagemaker.automl.automlv2 import (
    AutoMLTimeSeriesForecastingConfig,
    AutoMLV2,
    LocalAutoMLDataChannel,
)
from sagemaker.deserializers import CSVDeserializer
from sagemaker.predictor import Predictor
from sagemaker.s3 import S3Downloader
from sagemaker.serializers import CSVSerializer

name, train, history = sys.argv[1:]
session = sagemaker.Session()

automl = AutoMLV2(
    problem_config=AutoMLTimeSeriesForecastingConfig(
        forecast_frequency="D",
        forecast_horizon=14,
        item_identifier_attribute_name="shop",
        target_attribute_name="sales",
        timestamp_attribute_name="day",
        forecast_quantiles=["p20", "p50", "p80"],
        aggregation={"sales": "sum"},
        filling={"sales": {"middlefill": "zero"}, "promotion": {"futurefill": "zero"}},
        max_total_job_runtime_in_seconds=60,
    ),
    job_objective={"MetricName": "WAPE"},
    sagemaker_session=session,
)
automl.fit(LocalAutoMLDataChannel("S3Prefix", train, "training"), job_name=name)

attached = AutoMLV2.attach(name, sagemaker_session=session)
best = attached.best_candidate()
model = attached.create_model(name=f"{name}-batch")
transformer = model.transformer(1, "ml.m5.large", assemble_with="Line")
transformer.transform(
    session.upload_data(history, key_prefix=f"{name}/history"), content_type="text/csv"
)
batch = S3Downloader.read_file(f"{transformer.output_path}/{Path(history).name}.out", session)
transformer.delete_model()

predictor = automl.deploy(
    1,
    "ml.m5.large",
    endpoint_name=f"{name}-endpoint",
    predictor_cls=Predictor,
    serializer=CSVSerializer(),
    deserializer=CSVDeserializer(),
)
answers = predictor.predict(Path(history).read_text())
predictor.delete_model()
predictor.delete_endpoint()

told = {
    "best": best["CandidateName"],
    "candidates": [one["CandidateName"] for one in automl.list_candidates()],
    "metric": best["FinalAutoMLJobObjectiveMetric"],
    "places": best["CandidateProperties"]["CandidateArtifactLocations"],
    "batch": batch,
    "answers": answers,
}
print(f"\n{json.dumps(told)}")
