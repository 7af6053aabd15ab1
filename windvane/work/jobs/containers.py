"""The inference containers of a finished candidate, in the shape and with the environment keys that clients
of AWS expect.

source    reference of candidates and inference containers: AWS's own jobs
"""

from __future__ import annotations

from windvane.domain.candidate import Candidate, Container
from windvane.domain.images import TRANSFORMERS, image_uri
from windvane.domain.job import AutoMLJob
from windvane.domain.problem import Mode
from windvane.work.workspace import Keys

_PROGRAM = {
    "SAGEMAKER_PROGRAM": "sagemaker_serve",
    "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
}
ACCEPT = "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT"
_INPUT = "SAGEMAKER_INFERENCE_INPUT"
_OUTPUT = "SAGEMAKER_INFERENCE_OUTPUT"
_SUPPORTED = "SAGEMAKER_INFERENCE_SUPPORTED"
_MODE = "AUTOML_TRANSFORM_MODE"

MAX_BODY_BYTES = "6291456"
"""Of what InvokeEndpoint takes (wire/edge.py, `EdgeLimits`)."""

_CLASSES = {_OUTPUT: "predicted_label", _SUPPORTED: "predicted_label,probability,probabilities"}
_LABELS = {
    _OUTPUT: "predicted_label",
    _SUPPORTED: "predicted_label,probability,labels,probabilities",
}


def containers_of(job: AutoMLJob, candidate: Candidate, tag: str) -> tuple[Container, ...]:
    """Return the containers of a candidate whose artefacts lie under the job's keys: one for a job in ENSEMBLING mode,
    else the transformers, the model and, for classes, the transformers again, which give the labels back.

    tag    of its transformers
    """
    index, algorithm = candidate.index, candidate.algorithm
    keys = Keys(job)
    is_classifier = job.problem_type is not None and job.problem_type.is_classification
    if job.mode is Mode.ENSEMBLING:
        labels = _LABELS if is_classifier else {}
        environment = {ACCEPT: "text/csv", **labels, **_PROGRAM}
        image = image_uri(job.scope, algorithm)
        return (Container(image, str(keys.whole(index)), environment),)
    transformers = image_uri(job.scope, TRANSFORMERS), str(keys.transformers(tag))
    forward = Container(
        *transformers,
        {_MODE: "feature-transform", **_PROGRAM},
    )
    model = Container(
        image_uri(job.scope, algorithm),
        str(keys.model(index, candidate.recipe, algorithm)),
        {
            "MAX_CONTENT_LENGTH": MAX_BODY_BYTES,
            ACCEPT: "text/csv",
            **(_CLASSES if is_classifier else {}),
        },
    )
    backward = Container(
        *transformers,
        {
            _MODE: "inverse-label-transform",
            ACCEPT: "text/csv",
            _INPUT: "predicted_label",
            **_LABELS,
            **_PROGRAM,
        },
    )
    return (forward, model, backward) if is_classifier else (forward, model)
