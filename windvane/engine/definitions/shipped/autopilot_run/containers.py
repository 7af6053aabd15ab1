"""The inference containers of a candidate: its transformers, its model and, for classes, the transformers again, which
give the labels back. An ensemble is one container: its artefact holds everything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_PROGRAM = {
    "SAGEMAKER_PROGRAM": "sagemaker_serve",
    "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
}
_ACCEPT = "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT"
_INPUT = "SAGEMAKER_INFERENCE_INPUT"
_OUTPUT = "SAGEMAKER_INFERENCE_OUTPUT"
_SUPPORTED = "SAGEMAKER_INFERENCE_SUPPORTED"
_MODE = "AUTOML_TRANSFORM_MODE"


_LABELS = {
    _OUTPUT: "predicted_label",
    _SUPPORTED: "predicted_label,probability,labels,probabilities",
}


def whole_container(image: str, model: str, is_classifier: bool) -> dict[str, Any]:
    """Return the container of an ensemble, for CreateModel.

    model    S3 URI of what its training job made
    """
    labels = _LABELS if is_classifier else {}
    environment = {_ACCEPT: "text/csv", **labels, **_PROGRAM}
    return {"Image": image, "ModelDataUrl": model, "Environment": environment}


def containers_of(
    images: Mapping[str, str], transformers: str, algorithm: str, model: str, is_classifier: bool
) -> list[dict[str, Any]]:
    """Return the containers of a pipeline, for CreateModel.

    images         by algorithm, "sklearn-automl" for the transformers
    transformers   S3 URI of what the transformers' training job made;  model  likewise of the candidate's
    """
    forward = {
        "Image": images["sklearn-automl"],
        "ModelDataUrl": transformers,
        "Environment": {_MODE: "feature-transform", **_PROGRAM},
    }
    classes = {_OUTPUT: "predicted_label", _SUPPORTED: "predicted_label,probability,probabilities"}
    predict = {
        "Image": images[algorithm],
        "ModelDataUrl": model,
        "Environment": {
            "MAX_CONTENT_LENGTH": "6291456",
            _ACCEPT: "text/csv",
            **(classes if is_classifier else {}),
        },
    }
    if not is_classifier:
        return [forward, predict]
    backward = {
        "Image": images["sklearn-automl"],
        "ModelDataUrl": transformers,
        "Environment": {
            _MODE: "inverse-label-transform",
            _ACCEPT: "text/csv",
            _INPUT: "predicted_label",
            **_LABELS,
            **_PROGRAM,
        },
    }
    return [forward, predict, backward]
