"""Names of the container images that our candidates, models and step jobs consist of.

They look like AWS's registry paths because clients take them apart; no registry is ever asked for them.
"""

from __future__ import annotations

import re

from windvane.errors import InvalidRequest
from windvane.names import Scope

TRANSFORMERS = "sklearn-automl"
ENSEMBLE = "ensemble"
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

_KNOWN = (*ALGORITHMS, EXPLAINER)

_IMAGE = re.compile(
    r"[0-9]{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com/windvane-([a-z-]+):1-cpu-py3", re.ASCII
)


def image_uri(scope: Scope, algorithm: str) -> str:
    """The image of an algorithm.

    raises    InvalidRequest if it is none of ALGORITHMS, nor EXPLAINER
    """
    if algorithm not in _KNOWN:
        raise InvalidRequest(
            f"There is no image of '{algorithm}'. Choose one of: {', '.join(_KNOWN)}."
        )
    registry = f"{scope.account}.dkr.ecr.{scope.region}.amazonaws.com"
    return f"{registry}/windvane-{algorithm}:1-cpu-py3"


def algorithm_of(image: str) -> str | None:
    """The algorithm whose image this is, in whatever scope; None if the image is not ours."""
    match = _IMAGE.fullmatch(image)
    return match[1] if match is not None and match[1] in _KNOWN else None


def is_model_image(image: str) -> bool:
    """Whether a model's container may have it."""
    return algorithm_of(image) in ALGORITHMS
