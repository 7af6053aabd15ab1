"""Names of the container images that our candidates, models and step jobs consist of.

They look like AWS's registry paths because clients take them apart; no registry is ever asked for them.

The image of a candidate's step has the step's name behind its version, windvane-xgboost:1-cpu-py3.churn-001-7490a1c0:
sent back without hyperparameters it stands for the step's own (control/reruns.py).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from windvane.errors import InvalidRequest
from windvane.names import Scope

TRANSFORMERS = "sklearn-automl"
ENSEMBLE = "ensemble"
FORECASTER = "forecaster"
"""Any forecasting model, or an average of such: no training job makes one."""

EXPLAINER = "explainer"
"""Explains and judges candidates, in processing jobs alone."""

ALGORITHMS = (
    TRANSFORMERS,
    "xgboost",
    "lightgbm",
    "catboost",
    "linear-learner",
    "randomforest",
    "extra-trees",
    "mlp",
    "nn-torch",
    "fastai",
    "neighbors",
    ENSEMBLE,
    "baseline",
)
"""What an image holds: the transformers of a pipeline, or what answers after them."""

MODELS = (*ALGORITHMS, FORECASTER)
"""What an image of a model's container may hold."""

_KNOWN = (*MODELS, EXPLAINER)

_IMAGE = re.compile(
    r"[0-9]{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com/windvane-([a-z-]+):1-cpu-py3"
    r"(?:\.([a-zA-Z0-9-]{1,63}))?",
    re.ASCII,
)
_OF_AWS = re.compile(
    r"[0-9]{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?/([a-zA-Z0-9._/-]+?)(?:[:@].*)?",
    re.ASCII,
)
_COUNTERPARTS = {
    "sagemaker-sklearn-automl": TRANSFORMERS,
    "sagemaker-xgboost": "xgboost",
    "xgboost": "xgboost",
    "linear-learner": "linear-learner",
    "knn": "neighbors",
    "autopilot-autogluon": ENSEMBLE,
    "autogluon-training": ENSEMBLE,
    "autogluon-inference": ENSEMBLE,
}
"""Repositories of AWS's own images, and what does such work here."""


def image_uri(scope: Scope, algorithm: str) -> str:
    """Return the image of an algorithm.

    raises    InvalidRequest if it is none of MODELS, nor EXPLAINER
    """
    if algorithm not in _KNOWN:
        raise InvalidRequest(
            f"There is no image of '{algorithm}'. Choose one of: {', '.join(_KNOWN)}."
        )
    registry = f"{scope.account}.dkr.ecr.{scope.region}.amazonaws.com"
    return f"{registry}/windvane-{algorithm}:1-cpu-py3"


def step_image_uri(scope: Scope, algorithm: str, step: str) -> str:
    """Return the image of an algorithm as the step of a candidate has it.

    step      the step's name
    raises    InvalidRequest as `image_uri` does
    """
    return f"{image_uri(scope, algorithm)}.{step}"


def step_of(image: str) -> str | None:
    """Return the name of the step that one of our images stands for; None if it names none, or is not ours."""
    match = _IMAGE.fullmatch(image)
    return match[2] if match is not None else None


def counterpart_of(image: str) -> str | None:
    """Return which of ours does what an image of AWS's own registries does; None if there is none."""
    match = _OF_AWS.fullmatch(image)
    return _COUNTERPARTS.get(match[1]) if match is not None else None


def not_ours(image: str, place: str, choices: Sequence[str], instead: str = "") -> str:
    """Return why an image is refused, and which would be right.

    place      where it stands, in AWS's spelling
    choices    names that would be right there
    instead    what to choose, if not one of these
    """
    other = counterpart_of(image)
    if other in choices:
        return (
            f"The image '{image}' at '{place}' is not supported by this server, which pulls no images: what does its "
            f"work here is ACCOUNT.dkr.ecr.REGION.amazonaws.com/windvane-{other}:1-cpu-py3."
        )
    named = (
        "one of ACCOUNT.dkr.ecr.REGION.amazonaws.com/windvane-NAME:1-cpu-py3 with NAME one of: "
        f"{', '.join(choices)}"
    )
    return f"The image '{image}' at '{place}' is not supported by this server: choose {instead or named}."


def algorithm_of(image: str) -> str | None:
    """Return the algorithm whose image this is, in whatever scope; None if the image is not ours."""
    match = _IMAGE.fullmatch(image)
    return match[1] if match is not None and match[1] in _KNOWN else None


def is_model_image(image: str) -> bool:
    """Return whether a model's container may have it."""
    return algorithm_of(image) in MODELS
