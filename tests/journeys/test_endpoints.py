"""Endpoints as clients use them: containers edited and sent back, serverless variants, weights, deleting in any order."""

import csv
import io

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from journeys.deploying import KEYS, Deploying

SERVERLESS = {"MemorySizeInMB": 2048, "MaxConcurrency": 2}


@pytest.fixture(scope="module")
def deploying(server, packed):
    return Deploying(server, packed)


@pytest.fixture(scope="module")
def pipeline(deploying):
    """A serverless endpoint of a pipeline that was asked for all keys, in an order of the client's."""
    keys = "labels, probability,predicted_label, probabilities"
    deploying.create_config("pipeline", deploying.pipeline(keys), ServerlessConfig=SERVERLESS)
    deploying.create("pipeline", "pipeline")
    return "pipeline"


def invoke(server, endpoint, row, **members):
    client = server.client("sagemaker-runtime", config=Config(retries={"total_max_attempts": 1}))
    answer = client.invoke_endpoint(
        EndpointName=endpoint, ContentType="text/csv", Body=row, **members
    )
    return answer, answer["Body"].read().decode()


def test_a_pipeline_answers_the_keys_that_its_model_was_given(server, pipeline, packed):
    answer, body = invoke(server, pipeline, packed.row, InferenceId="i", CustomAttributes="a")
    assert (answer["InvokedProductionVariant"], answer["CustomAttributes"]) == ("AllTraffic", "a")
    (cells,) = csv.reader(io.StringIO(body))
    assert (cells[0], cells[2]) == ("['no', 'yes']", "yes")
    assert float(cells[1]) == float(cells[3].strip("[]").split(",")[1])


def test_a_serverless_endpoint_says_what_it_is(deploying, pipeline):
    (variant,) = deploying.sagemaker.describe_endpoint(EndpointName=pipeline)["ProductionVariants"]
    assert variant["CurrentServerlessConfig"] == SERVERLESS
    assert variant["DesiredServerlessConfig"] == SERVERLESS
    assert variant["CurrentInstanceCount"] == 0


def test_weights_move_the_traffic_and_capacities_the_processes(server, deploying, packed):
    before = deploying.model_processes()
    sagemaker = deploying.sagemaker
    for name, keys in (("label", "predicted_label"), ("all", KEYS)):
        sagemaker.create_model(ModelName=name, Containers=deploying.whole(keys))
    sagemaker.create_endpoint_config(
        EndpointConfigName="weights",
        ProductionVariants=[
            {
                "VariantName": name,
                "ModelName": name,
                "InitialInstanceCount": 1,
                "InstanceType": "ml.m5.large",
                "InitialVariantWeight": weight,
            }
            for name, weight in (("label", 1.0), ("all", 0.0))
        ],
    )
    deploying.create("weights", "weights")
    assert invoke(server, "weights", packed.row)[1] == "yes\n"
    sagemaker.update_endpoint_weights_and_capacities(
        EndpointName="weights",
        DesiredWeightsAndCapacities=[
            {"VariantName": "label", "DesiredWeight": 0.0},
            {"VariantName": "all", "DesiredWeight": 1.0, "DesiredInstanceCount": 2},
        ],
    )
    deploying.wait("weights")
    variants = sagemaker.describe_endpoint(EndpointName="weights")["ProductionVariants"]
    assert [(one["CurrentWeight"], one["CurrentInstanceCount"]) for one in variants] == [
        (0.0, 1),
        (1.0, 2),
    ]
    assert len(deploying.model_processes() - before) == 3
    assert invoke(server, "weights", packed.row)[0]["InvokedProductionVariant"] == "all"
    answer, _ = invoke(server, "weights", packed.row, TargetVariant="label")
    assert answer["InvokedProductionVariant"] == "label"
    with pytest.raises(ClientError, match="is/are not present within"):
        sagemaker.update_endpoint_weights_and_capacities(
            EndpointName="weights", DesiredWeightsAndCapacities=[{"VariantName": "other"}]
        )


def test_an_endpoint_outlives_its_config_and_models_until_it_is_deleted(server, deploying, packed):
    sagemaker = deploying.sagemaker
    sagemaker.delete_endpoint_config(EndpointConfigName="weights")
    for name in ("label", "all"):
        sagemaker.delete_model(ModelName=name)
    assert invoke(server, "weights", packed.row)[0]["InvokedProductionVariant"] == "all"
    deploying.delete("weights")
    with pytest.raises(ClientError, match="Endpoint weights of account 000000000000 not found"):
        invoke(server, "weights", packed.row)


def test_a_serverless_endpoint_is_deleted_too(deploying, pipeline):
    deploying.delete(pipeline)
    sagemaker = deploying.sagemaker
    assert pipeline not in [one["EndpointName"] for one in sagemaker.list_endpoints()["Endpoints"]]
