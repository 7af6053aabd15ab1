"""Customer churn: the SDK's AutoML for the job, its best candidates compared on rows that were kept back by batch transform
with inference response keys, and the one with the best recall deployed with a threshold of its own.

The calls are those of Amazon's notebook `autopilot_customer_churn_high_level_with_evaluation`.
"""

import io
import tempfile
import time
from pathlib import Path

import boto3
import numpy as np
import pandas as pd
import sagemaker
from sagemaker import AutoML
from sagemaker.deserializers import CSVDeserializer
from sagemaker.predictor import Predictor
from sagemaker.serializers import CSVSerializer
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score

BEST = 2
MIN_PRECISION = 0.6
KEYS = ["predicted_label", "probability"]

region = boto3.Session().region_name
session = sagemaker.Session()
bucket, prefix = session.default_bucket(), "samples/churn"
sm = boto3.client("sagemaker", region_name=region)
folder = Path(tempfile.mkdtemp(prefix="churn-"))

# Rows to learn from, and rows to answer.
boto3.client("s3").download_file(
    f"sagemaker-example-files-prod-{region}",
    "datasets/tabular/telco_churn/churn.csv",
    str(folder / "churn.csv"),
)
churn = pd.read_csv(folder / "churn.csv")
train = churn.sample(frac=0.8, random_state=200)
test = churn.drop(train.index)
train.to_csv(folder / "train_data.csv", index=False)
test.drop(columns="Churn").to_csv(folder / "test_data.csv", index=False, header=False)

# The job.
automl = AutoML(
    target_attribute_name="Churn",
    base_job_name="automl-churn-sdk",
    max_candidates=2,
    total_job_runtime_in_seconds=180,
    sagemaker_session=session,
)
name = time.strftime("automl-churn-sdk-%d-%H-%M-%S", time.gmtime())
automl.fit(str(folder / "train_data.csv"), job_name=name, wait=False, logs=False)
job = automl.describe_auto_ml_job()
while job["AutoMLJobStatus"] not in ("Failed", "Completed", "Stopped"):
    print(job["AutoMLJobStatus"], "-", job["AutoMLJobSecondaryStatus"])
    time.sleep(5)
    job = automl.describe_auto_ml_job()
print(job["AutoMLJobStatus"], "-", job["AutoMLJobSecondaryStatus"], job.get("FailureReason", ""))
print("The best candidate is", job["BestCandidate"]["CandidateName"])

# A transform job of each of the best candidates.
candidates = automl.list_candidates(
    sort_by="FinalObjectiveMetricValue", sort_order="Descending", max_results=BEST
)
uploaded = session.upload_data(str(folder / "test_data.csv"), bucket=bucket, key_prefix=prefix)
transformers = []
for candidate in candidates:
    model = automl.create_model(
        name=candidate["CandidateName"], candidate=candidate, inference_response_keys=KEYS
    )
    transformer = model.transformer(
        instance_count=1,
        instance_type="ml.m5.xlarge",
        assemble_with="Line",
        output_path=f"s3://{bucket}/{prefix}/inference-results/{candidate['CandidateName']}/",
    )
    transformer.transform(uploaded, split_type="Line", content_type="text/csv", wait=False)
    transformers.append(transformer)

# Which of them finds most of those who leave, at a precision that is good enough?
left = (test["Churn"] == "Yes").to_numpy()
chosen, threshold, recall = None, 0.0, -1.0
for candidate, transformer in zip(candidates, transformers, strict=True):
    transform = transformer.latest_transform_job.name
    described = sm.describe_transform_job(TransformJobName=transform)
    while described["TransformJobStatus"] not in ("Failed", "Completed"):
        time.sleep(2)
        described = sm.describe_transform_job(TransformJobName=transform)
    print("Transform job", transform, "finished with status", described["TransformJobStatus"])
    at, key = transformer.output_path.removeprefix("s3://").split("/", 1)
    answers = boto3.resource("s3").Object(at, f"{key}test_data.csv.out").get()["Body"].read()
    probability = pd.read_csv(io.BytesIO(answers), names=KEYS)["probability"].to_numpy()
    auc, precision = roc_auc_score(left, probability), average_precision_score(left, probability)
    print(f"{candidate['CandidateName']}: AUC {auc:.3f}, average precision {precision:.3f}")
    precisions, recalls, thresholds = precision_recall_curve(left, probability)
    first = int(np.argmax(precisions[:-1] >= MIN_PRECISION))
    if recalls[first] > recall:
        chosen, threshold, recall = candidate, thresholds[first], recalls[first]
print(f"{chosen['CandidateName']} from {threshold:.3f} on has the recall {recall:.3f}")

# That one answers requests.
predictor = automl.deploy(
    initial_instance_count=1,
    instance_type="ml.m5.2xlarge",
    candidate=chosen,
    inference_response_keys=KEYS,
    predictor_cls=Predictor,
    serializer=CSVSerializer(),
    deserializer=CSVDeserializer(),
)
rows = test.drop(columns="Churn").to_csv(index=False, header=False)
answers = pd.DataFrame(predictor.predict(rows), columns=KEYS)
answers["mine"] = np.where(answers["probability"].astype(float) >= threshold, "Yes", "No")
print(answers["mine"].value_counts().to_dict(), "of", len(test))

for transformer in transformers:
    transformer.delete_model()
predictor.delete_model()
predictor.delete_endpoint()
