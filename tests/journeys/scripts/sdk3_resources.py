"""What code of version 3 of the SageMaker SDK does with its resource classes. Run by the interpreter of .venv/sdk3, with
the URI of a table and an image; prints what it was told as one JSON object on its last line."""

import json
import os
import sys

from botocore.exceptions import ClientError
from sagemaker.core.resources import (
    AutoMLJob,
    AutoMLJobV2,
    Endpoint,
    EndpointConfig,
    Model,
    TrainingJob,
    TransformJob,
)
from sagemaker.core.shapes import (
    AlgorithmSpecification,
    AutoMLChannel,
    AutoMLDataSource,
    AutoMLJobChannel,
    AutoMLJobCompletionCriteria,
    AutoMLJobConfig,
    AutoMLOutputDataConfig,
    AutoMLProblemTypeConfig,
    AutoMLS3DataSource,
    Channel,
    ContainerDefinition,
    DataSource,
    OutputDataConfig,
    ProductionVariant,
    ResourceConfig,
    S3DataSource,
    StoppingCondition,
    TabularJobConfig,
    TransformDataSource,
    TransformInput,
    TransformOutput,
    TransformResources,
    TransformS3DataSource,
)

ROLE = os.environ["WINDVANE_ROLE_ARN"]
ROOT = f"s3://{os.environ['WINDVANE_BUCKET']}/sdk3"
OUTPUT = AutoMLOutputDataConfig(s3_output_path=f"{ROOT}/output")
PROMPTLY = {"poll": 1, "timeout": 240}


def automl(name, table, candidates):
    source = AutoMLS3DataSource(s3_data_type="S3Prefix", s3_uri=table)
    limits = AutoMLJobCompletionCriteria(max_candidates=candidates)
    return AutoMLJob.create(
        auto_ml_job_name=name,
        input_data_config=[
            AutoMLChannel(
                data_source=AutoMLDataSource(s3_data_source=source), target_attribute_name="y"
            )
        ],
        output_data_config=OUTPUT,
        role_arn=ROLE,
        auto_ml_job_config=AutoMLJobConfig(completion_criteria=limits),
    )


def automl_v2(name, table):
    source = AutoMLS3DataSource(s3_data_type="S3Prefix", s3_uri=table)
    tabular = TabularJobConfig(
        target_attribute_name="y",
        mode="ENSEMBLING",
        generate_candidate_definitions_only=True,
    )
    return AutoMLJobV2.create(
        auto_ml_job_name=name,
        auto_ml_job_input_data_config=[
            AutoMLJobChannel(
                channel_type="training", data_source=AutoMLDataSource(s3_data_source=source)
            )
        ],
        output_data_config=OUTPUT,
        auto_ml_problem_type_config=AutoMLProblemTypeConfig(tabular_job_config=tabular),
        role_arn=ROLE,
    )


def search(table):
    """Three jobs side by side: one, one of the second version that only defines candidates, one that is stopped."""
    endless = automl("sdk3-endless", table, 250)
    first, second = automl("sdk3-v1", table, 1), automl_v2("sdk3-v2", table)
    endless.stop()
    endless.wait(**PROMPTLY)
    first.wait(**PROMPTLY)
    second.wait(**PROMPTLY)
    again = AutoMLJobV2.get("sdk3-v2")
    return first, {
        "stopped": endless.refresh().auto_ml_job_status,
        "v1": AutoMLJob.get("sdk3-v1").auto_ml_job_status,
        "v2": again.auto_ml_job_status,
        "v2_type": again.auto_ml_problem_type_config_name,
        "best": first.best_candidate.candidate_name,
        "candidates": [one.candidate_name for one in first.get_all_candidates()],
        "v2_secondary": again.auto_ml_job_secondary_status,
        "jobs": sorted(one.auto_ml_job_name for one in AutoMLJob.get_all(name_contains="sdk3-v1")),
    }


def deploy(containers, row):
    """A model, asked and deleted; its transform job is at work meanwhile."""
    model = Model.create(
        model_name="sdk3",
        execution_role_arn=ROLE,
        containers=[
            ContainerDefinition(
                image=one.image, model_data_url=one.model_data_url, environment=one.environment
            )
            for one in containers
        ],
    )
    variant = ProductionVariant(
        variant_name="AllTraffic",
        model_name="sdk3",
        initial_instance_count=1,
        instance_type="ml.m5.large",
    )
    config = EndpointConfig.create(endpoint_config_name="sdk3", production_variants=[variant])
    endpoint = Endpoint.create(endpoint_name="sdk3", endpoint_config_name=config)
    endpoint.wait_for_status("InService", **PROMPTLY)
    answer = endpoint.invoke(body=row, content_type="text/csv", accept="text/csv")
    told = {
        "answer": answer.body.read().decode(),
        "variant": answer.invoked_production_variant,
        "status": endpoint.endpoint_status,
        "endpoints": [one.endpoint_name for one in Endpoint.get_all(name_contains="sdk3")],
        "transform": transform(model, row),
    }
    endpoint.delete()
    endpoint.wait_for_delete(**PROMPTLY)
    config.delete()
    model.delete()
    return {**told, "gone": [code_of(Endpoint.get, "sdk3"), code_of(Model.get, "sdk3")]}


def transform(model, row):
    source = TransformS3DataSource(s3_data_type="S3Prefix", s3_uri=f"{ROOT}/rows.csv")
    job = TransformJob.create(
        transform_job_name="sdk3",
        model_name=model,
        transform_input=TransformInput(
            data_source=TransformDataSource(s3_data_source=source),
            content_type="text/csv",
            split_type="Line",
        ),
        transform_output=TransformOutput(s3_output_path=f"{ROOT}/answers", assemble_with="Line"),
        transform_resources=TransformResources(instance_type="ml.m5.large", instance_count=1),
    )
    job.wait(**PROMPTLY, logs=True)
    return job.transform_job_status


def train(image):
    def channel(name):
        source = S3DataSource(s3_data_type="S3Prefix", s3_uri=f"{ROOT}/{name}/")
        return Channel(
            channel_name=name,
            data_source=DataSource(s3_data_source=source),
            content_type="text/csv",
        )

    job = TrainingJob.create(
        training_job_name="sdk3",
        algorithm_specification=AlgorithmSpecification(
            training_image=image, training_input_mode="File"
        ),
        hyper_parameters={"num_round": "10", "objective": "binary:logistic"},
        role_arn=ROLE,
        input_data_config=[channel("train"), channel("validation")],
        output_data_config=OutputDataConfig(s3_output_path=f"{ROOT}/trained"),
        resource_config=ResourceConfig(
            instance_type="ml.m5.large", instance_count=1, volume_size_in_gb=1
        ),
        stopping_condition=StoppingCondition(max_runtime_in_seconds=120),
    )
    job.wait(**PROMPTLY, logs=True)
    return {
        "trained": job.training_job_status,
        "artefact": job.model_artifacts.s3_model_artifacts,
        "missing": code_of(TrainingJob.get, "sdk3-nobody"),
    }


def code_of(get, name):
    """Of the refusal."""
    try:
        get(name)
    except ClientError as refused:
        return refused.response["Error"]["Code"]
    return None


def main(table, row, image):
    job, told = search(table)
    told |= deploy(job.best_candidate.inference_containers, row)
    print("\n" + json.dumps(told | train(image)))


if __name__ == "__main__":
    main(*sys.argv[1:])
