"""Models.

source    autopilot.md 1.2 and 1.4; docs/endpoints.md says what is not served
"""

from __future__ import annotations

from typing import Any

from api.world import IMAGE, MODEL_DATA, READER, model_request
from hostile.asking import sagemaker
from hostile.case import Case, invalid
from hostile.wording import LEFT_OUT, NOT_S3, ROOT, could_not_find


def _model(name: str, text: str, **changes: Any) -> Case:
    return invalid(name, sagemaker("CreateModel", **model_request("new", **changes)), text)


def _container(name: str, text: str, **changes: Any) -> Case:
    container = {"Image": IMAGE, "ModelDataUrl": MODEL_DATA, **changes}
    return _model(name, text, PrimaryContainer=container)


def _containers(name: str, text: str, *containers: dict[str, Any], **changes: Any) -> Case:
    request = {"ModelName": "new", "Containers": list(containers), **changes}
    return invalid(name, sagemaker("CreateModel", **request), text)


_CONTAINER = {"Image": IMAGE, "ModelDataUrl": MODEL_DATA}

_CANDIDATES = "choose one of the InferenceContainers of a candidate."


_MODELS = (
    invalid(
        "a model's name in use",
        sagemaker("CreateModel", **model_request("m")),
        f'Cannot create already existing model "{ROOT}:model/m".',
    ),
    invalid(
        "a model's name in use, in capitals",
        sagemaker("CreateModel", **model_request("TAGGED")),
        f'Cannot create already existing model "{ROOT}:model/tagged".',
    ),
    invalid(
        "a model that there is not",
        sagemaker("DescribeModel", ModelName="nope"),
        could_not_find("model", "model", "nope"),
    ),
    invalid(
        "the model of another account",
        sagemaker("DescribeModel", ModelName="theirs"),
        could_not_find("model", "model", "theirs"),
    ),
    invalid(
        "the end of a model that there is not",
        sagemaker("DeleteModel", ModelName="nope"),
        could_not_find("model", "model", "nope"),
    ),
    invalid(
        "the end of another account's model",
        sagemaker("DeleteModel", ModelName="theirs"),
        could_not_find("model", "model", "theirs"),
    ),
    invalid(
        "no container",
        sagemaker("CreateModel", ModelName="new"),
        "Either PrimaryContainer or Containers must be specified.",
    ),
    _model(
        "one container and several",
        "Specify either PrimaryContainer or Containers, not both.",
        Containers=[_CONTAINER],
    ),
    _containers(
        "an empty container",
        "The member 'containers.1.member.image' must be specified. The member 'containers.1.member.modelDataUrl' must be specified.",
        {},
    ),
    _container(
        "a model of no data",
        "The member 'primaryContainer.modelDataUrl' must be specified.",
        ModelDataUrl=None,
    ),
    _container(
        "data that there are not",
        "Could not find model data at s3://results/nope.tar.gz.",
        ModelDataUrl="s3://results/nope.tar.gz",
    ),
    _container(
        "data at a path of dots",
        "Could not find model data at s3://results/../data/train/part-0.csv.",
        ModelDataUrl="s3://results/../data/train/part-0.csv",
    ),
    _container(
        "data of no name",
        "Could not find model data at s3://results/.",
        ModelDataUrl="s3://results/",
    ),
    _container(
        "data that are a bucket",
        "Could not find model data at s3://results/.",
        ModelDataUrl="s3://results",
    ),
    _container(
        "data with a name too long",
        f"Could not find model data at s3://results/{'k' * 1000}.",
        ModelDataUrl=f"s3://results/{'k' * 1000}",
    ),
    _container(
        "data in a bucket of dots",
        f"Value 's3://../m' at 'primaryContainer.modelDataUrl' {NOT_S3}",
        ModelDataUrl="s3://../m",
    ),
    _container(
        "data over https",
        "Value 'https://results/m.tar.gz' at 'primaryContainer.modelDataUrl' is not of the form s3://BUCKET/KEY.",
        ModelDataUrl="https://results/m.tar.gz",
    ),
    _container(
        "the data of another account",
        'Access denied: the role "arn:aws:iam::111122223333:role/windvane" has no "s3:GetObject" permission on bucket '
        '"theirs". The bucket belongs to another account.',
        ModelDataUrl="s3://theirs/a.csv",
    ),
    _model(
        "a role that may not read the data",
        f'Access denied: the role "{READER}" has no "s3:GetObject" permission on bucket "results". The role\'s '
        "declaration does not name the bucket.",
        ExecutionRoleArn=READER,
    ),
    _container(
        "an image of somebody's",
        f"The image 'docker.io/evil:latest' at 'primaryContainer.image' is not supported by this server: {_CANDIDATES}",
        Image="docker.io/evil:latest",
    ),
    _container(
        "an image of Amazon's",
        "The image '683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.3-1-cpu-py3' at "
        "'primaryContainer.image' is not supported by this server, which pulls no images: what does its work here is "
        "ACCOUNT.dkr.ecr.REGION.amazonaws.com/windvane-xgboost:1-cpu-py3.",
        Image="683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.3-1-cpu-py3",
    ),
    _container(
        "an image of ours that serves nothing",
        f"The image '{IMAGE.replace('xgboost', 'explainer')}' at 'primaryContainer.image' is not supported by this "
        f"server: {_CANDIDATES}",
        Image=IMAGE.replace("xgboost", "explainer"),
    ),
    _container(
        "an image with something behind it",
        f"The image '{IMAGE}@sha256:0' at 'primaryContainer.image' is not supported by this server: {_CANDIDATES}",
        Image=f"{IMAGE}@sha256:0",
    ),
    _container(
        "many models in one container",
        "Value 'MultiModel' at 'primaryContainer.mode' is not supported by this server: leave it out or choose one "
        "of: SingleModel.",
        Mode="MultiModel",
    ),
    _container(
        "a model package",
        f"The member 'primaryContainer.modelPackageName' {LEFT_OUT}",
        ModelPackageName="p",
    ),
    _container(
        "a private registry",
        "Value 'Vpc' at 'primaryContainer.imageConfig.repositoryAccessMode' is not supported by this server: leave it "
        "out or choose one of: Platform.",
        ImageConfig={"RepositoryAccessMode": "Vpc"},
    ),
    _container(
        "data in a structure",
        f"The member 'primaryContainer.modelDataSource' {LEFT_OUT}",
        ModelDataSource={
            "S3DataSource": {
                "S3Uri": "s3://results/m",
                "S3DataType": "S3Prefix",
                "CompressionType": "None",
            }
        },
    ),
    _model(
        "a private network",
        "Value 'subnet-1' at 'vpcConfig.subnets.1.member' is not declared on this server "
        "([[networks]] in its configuration): declared are: subnet-a, subnet-b.",
        VpcConfig={"SecurityGroupIds": ["sg-a"], "Subnets": ["subnet-1"]},
    ),
    _containers(
        "containers one by one",
        "Value 'Direct' at 'inferenceExecutionConfig.mode' is not supported by this server: the containers of a candidate "
        "make one pipeline and cannot be invoked one by one. Leave it out or choose Serial.",
        _CONTAINER,
        InferenceExecutionConfig={"Mode": "Direct"},
    ),
    _containers(
        "two containers of one name",
        "The ContainerHostname 'a' is given more than once in Containers.",
        {**_CONTAINER, "ContainerHostname": "a"},
        {**_CONTAINER, "ContainerHostname": "a"},
    ),
    _containers(
        "a container without a name beside one with",
        "If one of Containers has a ContainerHostname, each of them must have one.",
        {**_CONTAINER, "ContainerHostname": "a"},
        _CONTAINER,
    ),
    _model(
        "a tag of Amazon's on a model",
        "Value 'aws:x' at 'tags.1.member.key' starts with 'aws:', which is reserved for AWS.",
        Tags=[{"Key": "aws:x", "Value": "1"}],
    ),
)

CASES = (*_MODELS,)
