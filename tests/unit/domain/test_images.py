"""domain/images.py"""

from __future__ import annotations

import pytest

from windvane.domain.images import (
    ALGORITHMS,
    EXPLAINER,
    algorithm_of,
    counterpart_of,
    image_uri,
    is_model_image,
    step_image_uri,
    step_of,
)
from windvane.errors import InvalidRequest
from windvane.names import Scope

SCOPE = Scope("111122223333", "eu-west-1")


def test_an_image_looks_like_a_path_in_the_registry_of_its_account_and_region() -> None:
    assert image_uri(SCOPE, "xgboost") == (
        "111122223333.dkr.ecr.eu-west-1.amazonaws.com/windvane-xgboost:1-cpu-py3"
    )


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_an_image_tells_its_algorithm(algorithm: str) -> None:
    assert algorithm_of(image_uri(SCOPE, algorithm)) == algorithm


@pytest.mark.parametrize(
    "image",
    [
        "",
        "docker.io/library/python:3",
        "111122223333.dkr.ecr.eu-west-1.amazonaws.com/windvane-nothing:1-cpu-py3",
        "111122223333.dkr.ecr.eu-west-1.amazonaws.com/windvane-xgboost:2-cpu-py3",
        "111122223333.dkr.ecr.eu-west-1.amazonaws.com/windvane-xgboost:1-cpu-py3\n",
    ],
)
def test_other_images_are_not_ours(image: str) -> None:
    assert not is_model_image(image)


def test_there_is_no_image_of_an_unknown_algorithm() -> None:
    with pytest.raises(InvalidRequest, match="There is no image of 'svm'"):
        image_uri(SCOPE, "svm")


def test_a_model_cannot_be_made_of_what_explains() -> None:
    explainer = image_uri(SCOPE, EXPLAINER)
    assert algorithm_of(explainer) == EXPLAINER
    assert not is_model_image(explainer)


def test_the_image_of_a_step_names_it() -> None:
    image = step_image_uri(SCOPE, "xgboost", "churn-001-7490a1c0")
    assert image.endswith("/windvane-xgboost:1-cpu-py3.churn-001-7490a1c0")
    assert algorithm_of(image) == "xgboost"
    assert step_of(image) == "churn-001-7490a1c0"
    assert is_model_image(image)
    assert step_of(image_uri(SCOPE, "xgboost")) is None
    assert algorithm_of(f"{image}/x") is None


@pytest.mark.parametrize(
    ("image", "ours"),
    [
        ("683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1", "xgboost"),
        ("450853457545.dkr.ecr.cn-north-1.amazonaws.com.cn/sagemaker-xgboost:1.7-1", "xgboost"),
        ("382416733822.dkr.ecr.us-east-1.amazonaws.com/linear-learner@sha256:00", "linear-learner"),
        ("763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.0", None),
        ("docker.io/xgboost:1", None),
    ],
)
def test_some_images_of_aws_have_a_counterpart(image: str, ours: str | None) -> None:
    assert counterpart_of(image) == ours
