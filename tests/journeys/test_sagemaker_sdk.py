"""The SageMaker Python SDK 2.x, unmodified: AutoML.fit with its defaults, deploy, predict."""

import subprocess
import sys

from journeys.running import DATA

SCRIPT = """
import gzip, json, os, pathlib, sys
import sagemaker
from sagemaker.automl.automl import AutoML
from sagemaker.predictor import Predictor

session = sagemaker.Session(default_bucket=os.environ["WINDVANE_BUCKET"])
train = pathlib.Path(sys.argv[1], "train.csv")
train.write_bytes(gzip.decompress(pathlib.Path(sys.argv[2], "train.csv.gz").read_bytes()))
automl = AutoML(
    role=os.environ["WINDVANE_ROLE_ARN"],
    target_attribute_name="y",
    output_path=f"s3://{os.environ['WINDVANE_BUCKET']}/sdk/output",
    max_candidates=2,
    total_job_runtime_in_seconds=90,
    sagemaker_session=session,
)
automl.fit(str(train), job_name="bank-sdk")
best = automl.best_candidate()
steps = [step["CandidateStepName"] for step in best["CandidateSteps"]]
session.logs_for_processing_job(steps[0])
session.logs_for_transform_job(steps[2])
session.logs_for_job(steps[3])
names = [candidate["CandidateName"] for candidate in automl.list_candidates()]
attached = AutoML.attach("bank-sdk", sagemaker_session=session)
predictor = automl.deploy(
    1, "ml.m5.large", endpoint_name="bank-sdk", predictor_cls=Predictor,
    inference_response_keys=["probability", "predicted_label"],
)
row = ("45,blue-collar,married,basic.9y,no,yes,no,cellular,aug,thu,773,5,999,0,nonexistent,"
       "1.4,93.444,-36.1,4.968,5228.1")
answer = predictor.predict(row, initial_args={"ContentType": "text/csv"}).decode()
predictor.delete_endpoint()
print("\\n" + json.dumps({"best": best["CandidateName"], "names": names, "answer": answer,
                  "target": attached.target_attribute_name}))
"""


def test_from_a_local_file_to_a_prediction_with_the_sagemaker_sdk(server, tmp_path):
    import json

    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT, str(tmp_path), str(DATA)],
        env=server.shell_env(HOME=str(tmp_path), SAGEMAKER_SUPPRESS_V2_WARNING="1"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "processing job bank-sdk" in done.stdout
    assert "transform job bank-sdk" in done.stdout
    assert "validation:F1 = " in done.stdout
    said = json.loads(done.stdout.strip().splitlines()[-1])
    assert said["best"] in said["names"]
    probability, label = said["answer"].strip().split(",")
    assert 0 <= float(probability) <= 1
    assert label in ("yes", "no")
    assert said["target"] == "y"
