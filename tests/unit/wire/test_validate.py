"""Validation: parameters and the exact message they get."""

from __future__ import annotations

import math
import time

import pytest
from botocore.model import ServiceModel

from windvane.errors import InvalidRequest
from windvane.wire import validate as validation
from windvane.wire.model import load_service
from windvane.wire.validate import validate


def message(operation, parameters, service="sagemaker"):
    shape = load_service(service).operation(operation).input_shape
    try:
        validate(parameters, shape)
    except InvalidRequest as error:
        return str(error)
    return ""


def job(**changed):
    return {
        "AutoMLJobName": "churn",
        "InputDataConfig": [
            {
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/in"}},
                "TargetAttributeName": "y",
            }
        ],
        "OutputDataConfig": {"S3OutputPath": "s3://b/out"},
        "RoleArn": "arn:aws:iam::000000000000:role/windvane",
    } | changed


NAME_PATTERN = "[a-zA-Z0-9](-*[a-zA-Z0-9]){0,31}"
TYPES = "[BinaryClassification, MulticlassClassification, Regression]"

NOT_NULL = "Member must not be null"
NAME = f"Member must satisfy regular expression pattern: {NAME_PATTERN}"
PROBLEM_TYPE = f"Member must satisfy enum value set: {TYPES}"
SECURITY_GROUPS = "Member must satisfy constraint: [" + ", ".join(
    (
        "Member must have length less than or equal to 32",
        "Member must have length greater than or equal to 0",
        "Member must satisfy regular expression pattern: [-0-9a-zA-Z]+]",
    )
)
CHANNEL = job()["InputDataConfig"][0]
CHANNEL_WITHOUT_URI = CHANNEL | {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix"}}}
VPC = {"SecurityGroupIds": ["sg 1"], "Subnets": ["s-1"]}


def candidates(number):
    return job(AutoMLJobConfig={"CompletionCriteria": {"MaxCandidates": number}})


# what is wrong: parameters, (value, path, constraint) of each fault
FAULTS = {
    "a required member": (job(AutoMLJobName=None), [(None, "autoMLJobName", NOT_NULL)]),
    "a pattern": (job(AutoMLJobName="a_b"), [("a_b", "autoMLJobName", NAME)]),
    "a newline at the end": (job(AutoMLJobName="ab\n"), [("ab\n", "autoMLJobName", NAME)]),
    "a length and a pattern": (
        job(AutoMLJobName="a" * 60),
        [
            ("a" * 60, "autoMLJobName", "Member must have length less than or equal to 32"),
            ("a" * 60, "autoMLJobName", NAME),
        ],
    ),
    "an enum": (job(ProblemType="Foo"), [("Foo", "problemType", PROBLEM_TYPE)]),
    "an empty list": (
        job(InputDataConfig=[]),
        [("[]", "inputDataConfig", "Member must have length greater than or equal to 1")],
    ),
    "a number that is too low": (
        candidates(0),
        [
            (
                "0",
                "autoMLJobConfig.completionCriteria.maxCandidates",
                "Member must have value greater than or equal to 1",
            )
        ],
    ),
    "a number that is too high": (
        candidates(751),
        [
            (
                "751",
                "autoMLJobConfig.completionCriteria.maxCandidates",
                "Member must have value less than or equal to 750",
            )
        ],
    ),
    "a fault deep inside a list": (
        job(InputDataConfig=[CHANNEL, CHANNEL_WITHOUT_URI]),
        [(None, "inputDataConfig.2.member.dataSource.s3DataSource.s3Uri", NOT_NULL)],
    ),
    "a null in a list": (
        job(InputDataConfig=[None]),
        [(None, "inputDataConfig.1.member", NOT_NULL)],
    ),
    "a list of strings": (
        job(AutoMLJobConfig={"SecurityConfig": {"VpcConfig": VPC}}),
        [("[sg 1]", "autoMLJobConfig.securityConfig.vpcConfig.securityGroupIds", SECURITY_GROUPS)],
    ),
    "several members at once": (
        {"AutoMLJobName": "a_b", "ProblemType": "Foo"},
        [
            (None, "inputDataConfig", NOT_NULL),
            (None, "outputDataConfig", NOT_NULL),
            (None, "roleArn", NOT_NULL),
            ("a_b", "autoMLJobName", NAME),
            ("Foo", "problemType", PROBLEM_TYPE),
        ],
    ),
}


@pytest.mark.parametrize("case", FAULTS)
def test_a_fault_gets_its_message(case):
    parameters, faults = FAULTS[case]
    items = [
        f"Value {'null' if value is None else quoted(value)} at '{path}' failed to satisfy "
        f"constraint: {constraint}"
        for value, path, constraint in faults
    ]
    count = f"{len(items)} validation error{'s' if len(items) > 1 else ''} detected: "
    assert message("CreateAutoMLJob", parameters) == count + "; ".join(items)


def quoted(value):
    return f"'{value}'"


def test_a_valid_request_passes():
    tags = [{"Key": "Größe 東京:/=+-@_.", "Value": ""}]
    assert message("CreateAutoMLJob", job(Tags=tags)) == ""


def test_tags_take_letters_of_every_script_and_no_other_signs():
    assert "pattern: ([\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*)" in message(
        "CreateAutoMLJob", job(Tags=[{"Key": "a!", "Value": "v"}])
    )


def test_the_values_of_a_map_are_checked():
    environment = {"A": "x" * 1025}
    parameters = {"ModelName": "m", "PrimaryContainer": {"Image": "i", "Environment": environment}}
    text = message("CreateModel", parameters)
    assert "at 'primaryContainer.environment' failed to satisfy constraint: Map value must" in text
    assert "[Member must have length less than or equal to 1024" in text


def test_the_keys_of_a_map_are_checked():
    parameters = {"ModelName": "m", "PrimaryContainer": {"Image": "i", "Environment": {"1-": ""}}}
    text = message("CreateModel", parameters)
    assert "Value '{1-=}' at 'primaryContainer.environment' failed to satisfy constraint: " in text
    assert "Map keys must satisfy constraint: [Member must have length" in text


def test_a_union_wants_exactly_one_member():
    types = {"TabularJobConfig": {"TargetAttributeName": "y"}, "TextClassificationJobConfig": {}}
    parameters = job(AutoMLProblemTypeConfig=types, AutoMLJobInputDataConfig=[])
    text = message("CreateAutoMLJobV2", parameters)
    assert "at 'autoMLProblemTypeConfig' failed to satisfy constraint: Exactly one of [" in text


def test_a_body_is_measured_and_never_shown():
    parameters = {"EndpointName": "e", "Body": b"x" * 6_291_457}
    assert message("InvokeEndpoint", parameters, "sagemaker-runtime") == (
        "1 validation error detected: Value at 'body' failed to satisfy constraint: Member must have "
        "length less than or equal to 6291456"
    )


def test_a_sensitive_member_is_never_shown():
    parameters = {"EndpointName": "e", "Body": b"", "CustomAttributes": "secret\u00e9"}
    assert message("InvokeEndpoint", parameters, "sagemaker-runtime") == (
        "1 validation error detected: Value at 'customAttributes' failed to satisfy constraint: "
        "Member must satisfy regular expression pattern: \\p{ASCII}*"
    )


def test_what_is_sensitive_inside_a_list_or_map_is_never_shown():
    shapes = {
        "Request": {"type": "structure", "members": {"Users": {"shape": "Users"}}},
        "Users": {"type": "list", "member": {"shape": "User"}, "max": 1},
        "User": {
            "type": "structure",
            "members": {"Id": {"shape": "Id"}, "Keys": {"shape": "Keys"}},
        },
        "Keys": {"type": "map", "key": {"shape": "Id"}, "value": {"shape": "Key"}},
        "Id": {"type": "string"},
        "Key": {"type": "string", "sensitive": True},
    }
    shape = ServiceModel({"shapes": shapes, "metadata": {}}).shape_for("Request")
    user = {"Id": "u", "Keys": {"k": "secret"}}
    with pytest.raises(InvalidRequest) as caught:
        validate({"Users": [user, user]}, shape)
    assert "secret" not in str(caught.value)
    assert "{Id=u, Keys={k=*** Sensitive Data Redacted ***}}" in str(caught.value)


def test_a_very_long_value_is_cut_in_the_message():
    text = message("CreateAutoMLJob", job(AutoMLJobName="a" * 5000))
    assert f"Value '{'a' * 1024}...' at 'autoMLJobName'" in text


@pytest.mark.parametrize("hostile", ["a" * 100_000, "a-" * 50_000, "-" * 100_000, "s3://" * 20_000])
def test_a_hostile_string_is_answered_soon(hostile):
    parameters = job(
        AutoMLJobName=hostile, RoleArn=hostile, Tags=[{"Key": hostile, "Value": hostile}]
    )
    started = time.thread_time()
    assert "Member must have length less than or equal to 32" in message(
        "CreateAutoMLJob", parameters
    )
    assert time.thread_time() - started < 2


def test_a_list_of_thousands_of_faults_gets_a_short_answer():
    text = message("CreateAutoMLJob", job(InputDataConfig=[{}] * 500))
    assert text.startswith("501 validation errors detected: ")
    assert len(text) < 20_000


def test_a_list_that_is_far_too_long_is_refused_for_that_alone():
    text = message("CreateAutoMLJob", job(InputDataConfig=[{}] * 100_000))
    assert text.startswith("1 validation error detected: ")
    assert text.endswith("Member must have length less than or equal to 2")


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_is_refused(number):
    shape = load_service("sagemaker").operation("CreateEndpointConfig").input_shape
    variant = {"VariantName": "v", "InitialVariantWeight": number}
    with pytest.raises(
        InvalidRequest, match=r"initialVariantWeight.*Member must be a finite number"
    ):
        validate({"EndpointConfigName": "c", "ProductionVariants": [variant]}, shape)


@pytest.mark.parametrize(
    "parameters",
    [
        {"EndpointName": "e", "Body": b"1", "ContentType": "text/csv"},
        {"EndpointName": "e", "Body": b""},
        {"Body": b"1"},
        {"EndpointName": None, "Body": b"1"},
        {"EndpointName": "e" * 64, "Body": b"1"},
        {"EndpointName": "-e", "Body": b"1"},
        {"EndpointName": "e\n", "Body": b"1"},
        {"EndpointName": "e", "Body": b"1", "ContentType": "x" * 1025},
        {"EndpointName": "e", "Body": b"1" * 6_291_457},
    ],
    ids=lambda given: str(given)[:60],
)
def test_the_quick_look_finds_what_the_walk_finds(parameters):
    shape = load_service("sagemaker-runtime").operation("InvokeEndpoint").input_shape
    faults = list(validation._structure_faults(parameters, shape, ""))
    assert validation._is_sound(parameters, shape) == (not faults)
