"""CreateEndpointConfig, DescribeEndpointConfig, ListEndpointConfigs, DeleteEndpointConfig."""

from __future__ import annotations

from typing import Any

import pytest
from api.world import ACCOUNT, REGION, World, config_request, refusal, variant

ARN = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint-config/c"
NOT_SERVED = "is not supported by this server: leave it out"


def test_a_config_is_described_with_what_it_left_open_filled_in(world: World) -> None:
    world.create_model()
    variants = [variant("a", InitialVariantWeight=3.0), {"VariantName": "b", "ModelName": "m"}]
    arn = world.create_config("C", ProductionVariants=variants)
    answer = world.client().describe_endpoint_config(EndpointConfigName="c")
    del answer["ResponseMetadata"]
    assert answer == {
        "EndpointConfigName": "C",
        "EndpointConfigArn": arn,
        "CreationTime": world.clock(),
        "EnableNetworkIsolation": False,
        "ProductionVariants": [
            {
                "VariantName": "a",
                "ModelName": "m",
                "InitialInstanceCount": 1,
                "InstanceType": "ml.m5.large",
                "InitialVariantWeight": 3.0,
            },
            {
                "VariantName": "b",
                "ModelName": "m",
                "InitialInstanceCount": 1,
                "InitialVariantWeight": 1.0,
            },
        ],
    }


def test_a_name_is_taken_whatever_its_case(world: World) -> None:
    world.create_model()
    world.create_config()
    assert refusal(world.client().create_endpoint_config, **config_request("C")) == (
        "ValidationException",
        f'Cannot create already existing endpoint configuration "{ARN}".',
    )


def test_a_config_of_a_missing_model_is_refused(client: Any) -> None:
    assert refusal(client.create_endpoint_config, **config_request()) == (
        "ValidationException",
        f'Could not find model "arn:aws:sagemaker:{REGION}:{ACCOUNT}:model/m".',
    )


SERVERLESS = {"MemorySizeInMB": 2048, "MaxConcurrency": 1}
CAPTURE = {
    "InitialSamplingPercentage": 100,
    "DestinationS3Uri": "s3://b/k",
    "CaptureOptions": [{"CaptureMode": "Input"}],
}
EXPLAINER = {
    "ClarifyExplainerConfig": {"ShapConfig": {"ShapBaselineConfig": {"MimeType": "text/csv"}}}
}


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"DataCaptureConfig": CAPTURE}, "dataCaptureConfig"),
        (
            {"AsyncInferenceConfig": {"OutputConfig": {"S3OutputPath": "s3://b"}}},
            "asyncInferenceConfig",
        ),
        ({"ExplainerConfig": EXPLAINER}, "explainerConfig"),
        (
            {"ShadowProductionVariants": [variant("s", VolumeSizeInGB=10)]},
            "shadowProductionVariants.1.member.volumeSizeInGB",
        ),
        (
            {"VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]}},
            "vpcConfig",
        ),
        (
            {"ProductionVariants": [variant(VolumeSizeInGB=10)]},
            "productionVariants.1.member.volumeSizeInGB",
        ),
    ],
)
def test_what_cannot_be_honoured_is_refused_by_name(
    world: World, changes: dict[str, Any], place: str
) -> None:
    world.create_model()
    assert refusal(world.client().create_endpoint_config, **config_request(**changes)) == (
        "ValidationException",
        f"The member '{place}' {NOT_SERVED}.",
    )
    assert world.client().list_endpoint_configs()["EndpointConfigs"] == []


@pytest.mark.parametrize(
    ("variants", "message"),
    [
        (
            [variant("a"), variant("a")],
            "The variant name 'a' is given more than once in ProductionVariants.",
        ),
        (
            [{"VariantName": "a"}],
            (
                "The member 'productionVariants.1.member.modelName' must be specified: endpoints with "
                "inference components are not supported by this server."
            ),
        ),
        (
            [variant(InitialVariantWeight=0.0)],
            "At least one of ProductionVariants must have an InitialVariantWeight above 0.",
        ),
    ],
)
def test_variants_that_do_not_go_together_are_refused(
    world: World, variants: list[dict[str, Any]], message: str
) -> None:
    world.create_model()
    request = config_request(ProductionVariants=variants)
    assert refusal(world.client().create_endpoint_config, **request) == (
        "ValidationException",
        message,
    )


def serverless(**changes: Any) -> dict[str, Any]:
    return {
        "VariantName": "AllTraffic",
        "ModelName": "m",
        "ServerlessConfig": SERVERLESS | changes,
    }


def test_a_serverless_variant_is_described_without_instances(world: World) -> None:
    world.create_model()
    world.create_config(ProductionVariants=[serverless(MaxConcurrency=5, ProvisionedConcurrency=2)])
    (found,) = world.client().describe_endpoint_config(EndpointConfigName="c")["ProductionVariants"]
    assert found == {
        "VariantName": "AllTraffic",
        "ModelName": "m",
        "InitialVariantWeight": 1.0,
        "ServerlessConfig": {
            "MemorySizeInMB": 2048,
            "MaxConcurrency": 5,
            "ProvisionedConcurrency": 2,
        },
    }


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            serverless(MemorySizeInMB=1500),
            (
                "Value '1500' at 'productionVariants.1.member.serverlessConfig.memorySizeInMB' failed to satisfy "
                "constraint: Member must be one of [1024, 2048, 3072, 4096, 5120, 6144]."
            ),
        ),
        (
            serverless(ProvisionedConcurrency=2),
            (
                "'productionVariants.1.member.serverlessConfig.provisionedConcurrency' must be at most its "
                "maxConcurrency, 1."
            ),
        ),
        (
            serverless() | {"InitialInstanceCount": 1},
            (
                "The members 'productionVariants.1.member.initialInstanceCount' and "
                "'productionVariants.1.member.serverlessConfig' cannot be given together: a serverless variant "
                "has no instances."
            ),
        ),
    ],
)
def test_serverless_members_that_do_not_go_together_are_refused(
    world: World, changed: dict[str, Any], message: str
) -> None:
    world.create_model()
    request = config_request(ProductionVariants=[changed])
    assert refusal(world.client().create_endpoint_config, **request) == (
        "ValidationException",
        message,
    )


def test_an_instance_type_that_aws_does_not_have_is_refused(world: World) -> None:
    world.create_model()
    request = config_request(ProductionVariants=[variant(InstanceType="ml.nonsense")])
    code, message = refusal(world.client().create_endpoint_config, **request)
    assert code == "ValidationException"
    assert message.startswith(
        "1 validation error detected: Value 'ml.nonsense' at "
        "'productionVariants.1.member.instanceType' failed to satisfy constraint: Member must "
        "satisfy enum value set: ["
    )


@pytest.mark.parametrize("operation", ["describe_endpoint_config", "delete_endpoint_config"])
def test_a_missing_config_is_told_in_aws_own_words(client: Any, operation: str) -> None:
    assert refusal(getattr(client, operation), EndpointConfigName="c") == (
        "ValidationException",
        f'Could not find endpoint configuration "{ARN}".',
    )


def test_configs_are_listed_newest_first_and_deleted_ones_are_not(world: World) -> None:
    world.create_model()
    for name in ("b", "a", "c"):
        world.create_config(name)
        world.clock.advance()
    world.client().delete_endpoint_config(EndpointConfigName="c")
    configs = world.client().list_endpoint_configs()["EndpointConfigs"]
    assert [config["EndpointConfigName"] for config in configs] == ["a", "b"]
    assert set(configs[0]) == {"EndpointConfigName", "EndpointConfigArn", "CreationTime"}
