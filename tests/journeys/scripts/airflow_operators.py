"""What a DAG of Airflow does with operators and sensors of the Amazon provider. Run by the interpreter of .venv/airflow,
with the connection `windvane`, a table, an image and rows; prints what it was told as one JSON object on its last line."""

import json
import os
import sys
import time
from copy import deepcopy

from airflow.providers.amazon.aws.operators.sagemaker import (
    SageMakerAutoMLOperator,
    SageMakerDeleteModelOperator,
    SageMakerEndpointOperator,
    SageMakerTrainingOperator,
    SageMakerTransformOperator,
)
from airflow.providers.amazon.aws.sensors.sagemaker import (
    SageMakerAutoMLSensor,
    SageMakerEndpointSensor,
    SageMakerTrainingSensor,
)

ROLE = os.environ["WINDVANE_ROLE_ARN"]
ROOT = f"s3://{os.environ['WINDVANE_BUCKET']}/dag"
SMALL = {"InstanceType": "ml.m5.large", "InstanceCount": "1"}  # as Jinja renders it
AT = {"aws_conn_id": "windvane"}


class TaskInstance:
    """Of a task runner: operators leave links in it."""

    def xcom_push(self, key, value):
        """Nobody asks for it here."""


CONTEXT = {"ti": TaskInstance(), "task_instance": TaskInstance()}


def search(table):
    """One job whose end a sensor waits for, and one that its operator waits for."""
    common = {
        "s3_input": table,
        "target_attribute": "y",
        "s3_output": f"{ROOT}/output",
        "role_arn": ROLE,
        "extras": {"AutoMLJobConfig": {"CompletionCriteria": {"MaxCandidates": 1}}},
        **AT,
    }
    SageMakerAutoMLOperator(
        task_id="start",
        job_name="dag-1",
        autodeploy_endpoint_name="dag-1",
        wait_for_completion=False,
        **common,
    ).execute(CONTEXT)
    best = SageMakerAutoMLOperator(
        task_id="search", job_name="dag-2", check_interval=1, **common
    ).execute(CONTEXT)
    sensor = SageMakerAutoMLSensor(task_id="searched", job_name="dag-1", **AT)
    while not sensor.poke(CONTEXT):
        time.sleep(1)
    deployed = SageMakerEndpointSensor(task_id="deployed", endpoint_name="dag-1", **AT)
    return best, {"best": best["CandidateName"], "deployed": deployed.poke(CONTEXT)}


def transform(containers):
    """Twice by the same names: the operator finds others."""
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"{ROOT}/rows.csv"}}
    config = {
        "Model": {
            "ModelName": "dag",
            "Containers": containers,
            "ExecutionRoleArn": ROLE.rpartition("/")[2],
        },
        "Transform": {
            "TransformJobName": "dag",
            "ModelName": "dag",
            "TransformInput": {
                "DataSource": source,
                "ContentType": "text/csv",
                "SplitType": "Line",
            },
            "TransformOutput": {"S3OutputPath": f"{ROOT}/answers/"},
            "TransformResources": SMALL,
        },
    }
    ended = [
        SageMakerTransformOperator(
            task_id="transform", config=deepcopy(config), check_interval=1, **AT
        ).execute(CONTEXT)
        for _ in range(2)
    ]
    return {
        "transformed": [one["Transform"]["TransformJobStatus"] for one in ended],
        "names": [one["Transform"]["TransformJobName"] for one in ended],
        "models": [one["Model"]["ModelName"] for one in ended],
    }


def deploy():
    """An endpoint, and the same again, which the operator makes an update of."""
    variant = {"VariantName": "v", "ModelName": "dag", "InstanceType": "ml.m5.large"}
    endpoint = {"EndpointName": "dag", "EndpointConfigName": "dag"}
    config = {
        "EndpointConfig": {
            "EndpointConfigName": "dag",
            "ProductionVariants": [{**variant, "InitialInstanceCount": "1"}],
        },
        "Endpoint": endpoint,
    }
    ended = [
        SageMakerEndpointOperator(
            task_id="deploy", config=deepcopy(one), check_interval=1, **AT
        ).execute(CONTEXT)
        for one in (config, endpoint)
    ]
    return {"endpoints": [one["Endpoint"]["EndpointStatus"] for one in ended]}


def train(image):
    """With the log that the operator and the sensor print."""

    def channel(name):
        source = {"S3DataType": "S3Prefix", "S3Uri": f"{ROOT}/{name}/"}
        return {
            "ChannelName": name,
            "DataSource": {"S3DataSource": source},
            "ContentType": "text/csv",
        }

    config = {
        "TrainingJobName": "dag",
        "AlgorithmSpecification": {"TrainingImage": image, "TrainingInputMode": "File"},
        "HyperParameters": {"num_round": "10", "objective": "binary:logistic"},
        "RoleArn": ROLE.rpartition("/")[2],
        "InputDataConfig": [channel("train"), channel("validation")],
        "OutputDataConfig": {"S3OutputPath": f"{ROOT}/trained"},
        "ResourceConfig": {**SMALL, "VolumeSizeInGB": "5"},
        "StoppingCondition": {"MaxRuntimeInSeconds": "120"},
    }
    ended = SageMakerTrainingOperator(
        task_id="train", config=config, check_interval=2, print_log=True, **AT
    ).execute(CONTEXT)
    sensor = SageMakerTrainingSensor(task_id="trained", job_name="dag", print_log=True, **AT)
    return {"trained": ended["Training"]["TrainingJobStatus"], "poked": sensor.poke(CONTEXT)}


def main(table, image):
    best, told = search(table)
    told |= transform(best["InferenceContainers"]) | deploy() | train(image)
    for model in told["models"]:
        config = {"ModelName": model}
        SageMakerDeleteModelOperator(task_id="delete", config=config, **AT).execute(CONTEXT)
    print("\n" + json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
