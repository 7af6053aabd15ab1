"""The SageMaker SDK 2.x, from a local file to predictions, to a candidate trained again, and back to nothing.

`sdk_automl.py AutoML|AutoMLV2 JOB TRAIN.csv ROWS.csv`: the last line printed is JSON of what it was told.
"""

import json
import sys
from pathlib import Path

import sagemaker
from sagemaker.automl.automl import AutoML
from sagemaker.automl.automlv2 import AutoMLTabularConfig, AutoMLV2, LocalAutoMLDataChannel
from sagemaker.automl.candidate_estimator import CandidateEstimator
from sagemaker.deserializers import CSVDeserializer
from sagemaker.predictor import Predictor
from sagemaker.s3 import S3Downloader
from sagemaker.serializers import CSVSerializer

KEYS = ["predicted_label", "probability", "probabilities", "labels"]

api, name, train, rows = sys.argv[1:]
session = sagemaker.Session()

if api == "AutoML":
    automl = AutoML(
        target_attribute_name="y",
        max_candidates=2,
        total_job_runtime_in_seconds=180,
        sagemaker_session=session,
    )
    automl.fit(train, job_name=name)
else:
    automl = AutoMLV2(
        problem_config=AutoMLTabularConfig(
            target_attribute_name="y",
            mode="ENSEMBLING",
            problem_type="BinaryClassification",
            algorithms_config=["lightgbm", "xgboost"],
            max_candidates=2,
            max_total_job_runtime_in_seconds=180,
        ),
        job_objective={"MetricName": "AUC"},
        sagemaker_session=session,
    )
    automl.fit(LocalAutoMLDataChannel("S3Prefix", train, "training"), job_name=name)

best = automl.best_candidate()
listed = [candidate["CandidateName"] for candidate in automl.list_candidates()]
[top] = automl.list_candidates(
    status_equals="Completed",
    sort_by="FinalObjectiveMetricValue",
    sort_order="Descending",
    max_results=1,
)
steps = [step["CandidateStepName"] for step in best["CandidateSteps"]]
session.logs_for_processing_job(steps[0])
session.logs_for_transform_job(steps[2])
session.logs_for_job(steps[3])

attached = type(automl).attach(name, sagemaker_session=session)
model = attached.create_model(name=f"{name}-batch", inference_response_keys=KEYS)
transformer = model.transformer(1, "ml.m5.large", assemble_with="Line", accept="text/csv")
transformer.transform(
    session.upload_data(rows, key_prefix=f"{name}/rows"), content_type="text/csv", split_type="Line"
)
batch = S3Downloader.read_file(f"{transformer.output_path}/rows.csv.out", session)
transformer.delete_model()

predictor = automl.deploy(
    1,
    "ml.m5.large",
    name=f"{name}-model",
    endpoint_name=f"{name}-endpoint",
    inference_response_keys=KEYS,
    predictor_cls=Predictor,
    serializer=CSVSerializer(),
    deserializer=CSVDeserializer(),
)
answers = predictor.predict(Path(rows).read_text())
predictor.delete_model()
predictor.delete_endpoint()

estimator = CandidateEstimator(best, sagemaker_session=session)
described = [step.type for step in estimator.get_steps()]
estimator.fit(train)

told = {
    "best": best["CandidateName"],
    "listed": listed,
    "top": top["CandidateName"],
    "steps": steps,
    "attached": attached.best_candidate()["CandidateName"],
    "batch": batch,
    "answers": answers,
    "metric": best["FinalAutoMLJobObjectiveMetric"],
    "described": described,
    "again": [(step["type"], step["name"]) for step in estimator.steps],
}
print(f"\n{json.dumps(told)}")
