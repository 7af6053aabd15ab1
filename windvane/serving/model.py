"""A model: the containers of a SageMaker model, served by one process as one predictor.

    1 container     everything in one artefact: folders transformers/ and model/
    2 containers    transformers (AUTOML_TRANSFORM_MODE=feature-transform), then the model; a classifier
                    without a third container answers class numbers, as the algorithm does
    3 containers    the same, then the transformers again (inverse-label-transform), which give the labels

The last container's environment decides what is answered and from which probability on the second of two classes is
predicted, the number of containers what `probability` means.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from windvane.domain.problem import ProblemType
from windvane.engine.data.sketch import Sketch, read_sketch
from windvane.engine.packages.package import Predictor, load_predictor
from windvane.errors import CorruptArtifact, InvalidRequest
from windvane.serving.answers import Key, Selection, read_keys, write_answer
from windvane.serving.content_types import CSV, SUPPORTED, TENSORS, choose_accept
from windvane.serving.model_description import describe_model
from windvane.serving.open_inference import answers as tensor_answers
from windvane.serving.open_inference import requests as tensor_requests
from windvane.serving.request_rows import read_rows

_MODE = "AUTOML_TRANSFORM_MODE"
_FORWARD = "feature-transform"
_BACKWARD = "inverse-label-transform"
_OUTPUT = "SAGEMAKER_INFERENCE_OUTPUT"
_ACCEPT = "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT"
THRESHOLD = "WINDVANE_DECISION_THRESHOLD"
"""The name of the environment's value that takes the place of the model's own threshold."""

_SHAPES = {
    (None,): "whole",
    (_FORWARD, None): "pipeline",
    (_FORWARD, None, _BACKWARD): "pipeline",
}

Load = Callable[[Path, Path], Predictor]
"""Transformers' and model's folder to a predictor."""


@dataclass(frozen=True)
class LocalContainer:
    """A container whose artefact is unpacked; containers with the same model_data_url share a folder.

    name    what messages call it; "" leaves it to us
    """

    environment: Mapping[str, str]
    folder: Path
    name: str = ""


@dataclass(frozen=True)
class ServedModel:
    """A model that answers.

    default_accept   content type of an answer when the request leaves the choice
    container_names  as AWS names them in messages: of the container that reads, predicts, writes
    sketch           what the columns usually hold; empty if the transformers do not say
    """

    predictor: Predictor
    selection: Selection
    default_accept: str
    container_names: tuple[str, str, str]
    sketch: Sketch

    def answer(self, body: bytes, content_type: str, accept: str) -> tuple[bytes, str]:
        """Return the answer to a request body, and its content type.

        raises    InvalidRequest for a body, content type or accept type the model does not take
        """
        if content_type == TENSORS:
            return self._answer_tensors(body), TENSORS
        media = choose_accept(accept, self.default_accept)
        rows = read_rows(body, content_type, self.predictor.schema)
        return write_answer(self.predictor.predict(rows), self.selection, media), media

    def _answer_tensors(self, body: bytes) -> bytes:
        request = tensor_requests.read_request(body, self.predictor.columns, self.sketch)
        predictions = self.predictor.predict(request.rows)
        return tensor_answers.write_answer(predictions, self.selection, request)

    def describe(self) -> dict[str, Any]:
        """Return what it takes and gives (serving/model_description.py)."""
        responses = [str(key) for key in self.selection.keys]
        return describe_model(self.predictor, self.sketch, responses, self.default_accept)


def check_shape(environments: Sequence[Mapping[str, str]]) -> str:
    """'whole' or 'pipeline'.

    raises    InvalidRequest if these containers are not one of the shapes that can be served
    """
    modes = tuple(environment.get(_MODE) for environment in environments)
    if modes not in _SHAPES:
        found = ", ".join(f"{_MODE}={mode}" if mode else f"no {_MODE}" for mode in modes)
        raise InvalidRequest(
            f"A model of {len(modes)} container(s) with {found} cannot be served. What can: one container "
            f"without {_MODE}; two, of which the first has {_MODE}={_FORWARD} and the second none; "
            f"and the same with a third that has {_MODE}={_BACKWARD}."
        )
    return _SHAPES[modes]


def load_model(containers: Sequence[LocalContainer], load: Load = load_predictor) -> ServedModel:
    """Load the model that the containers of an endpoint hold.

    raises    InvalidRequest if the containers do not fit together, CorruptArtifact
    """
    shape = check_shape([container.environment for container in containers])
    first = containers[0].folder
    if shape == "whole":
        transformers = _part(first, "transformers")
        predictor = load(transformers, _part(first, "model"))
    else:
        _check_apart(containers)
        transformers, model = _root(first, "transformers"), _root(containers[1].folder, "model")
        predictor = _loaded(transformers, model, load)
        _check_labels(containers, predictor)
    predictor = _deciding(predictor, containers[-1].environment)
    return ServedModel(
        predictor,
        _selection(containers, predictor),
        default_accept_of(containers[-1].environment),
        _names([container.name for container in containers]),
        read_sketch(transformers),
    )


def _deciding(predictor: Predictor, environment: Mapping[str, str]) -> Predictor:
    """Return the predictor with the threshold that the last container's environment asks for, if it asks for one.

    raises    InvalidRequest for what is no probability, or a model that does not decide between two classes
    """
    text = environment.get(THRESHOLD, "").strip()
    if not text:
        return predictor
    if predictor.schema.problem_type != ProblemType.BINARY:
        raise InvalidRequest(
            f"{THRESHOLD} of the last container is '{text}', but only binary classification has a threshold; this model is "
            f"for {predictor.schema.problem_type}."
        )
    threshold = as_probability(text)
    if threshold is None:
        raise InvalidRequest(
            f"{THRESHOLD} of the last container is '{text}'; it must be a number from 0 to 1, such as 0.35."
        )
    return predictor.with_threshold(threshold)


def as_probability(text: str) -> float | None:
    """Return a number from 0 to 1; None for anything else."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if 0.0 <= number <= 1.0 else None


def _check_apart(containers: Sequence[LocalContainer]) -> None:
    """A model that was packed with its own transformers is not for those of another."""
    folder = containers[1].folder
    is_whole = all(
        (folder / part / "manifest.json").is_file() for part in ("transformers", "model")
    )
    if is_whole and folder != containers[0].folder:
        raise InvalidRequest(
            "The model data of the second container hold transformers of their own, as those of a training job do that "
            "read rows itself: make a model of one container of them, or name them as the ModelDataUrl of all. For the "
            "transformers of the first container, train on the channel 'dataset' that they were fitted on."
        )


def _loaded(transformers: Path, model: Path, load: Load) -> Predictor:
    """Faults are told of containers, not of our folders."""
    try:
        return load(transformers, model)
    except CorruptArtifact as error:
        text = str(error)
        names = {model: "the second container", transformers: "the first container"}
        for path, name in names.items():
            text = text.replace(str(path), f"the model data of {name}")
        raise CorruptArtifact(f"{text[:1].upper()}{text[1:]}") from error


def _part(folder: Path, name: str) -> Path:
    if not (folder / name / "manifest.json").is_file():
        raise InvalidRequest(
            f"The model data of a model of one container must hold the folders transformers/ and model/; "
            f"{name}/manifest.json is missing."
        )
    return folder / name


def _root(folder: Path, name: str) -> Path:
    """Return the package's folder, which may stand at the top of an artefact or under its own name."""
    return folder if (folder / "manifest.json").is_file() else _part(folder, name)


def _check_labels(containers: Sequence[LocalContainer], predictor: Predictor) -> None:
    if len(containers) < 3:
        return
    if containers[2].folder != containers[0].folder:
        raise InvalidRequest(
            f"The third container ({_BACKWARD}) must have the same ModelDataUrl as the first."
        )
    if not predictor.schema.labels:
        raise InvalidRequest(
            f"A regression model has no labels to transform back: leave out the third container ({_BACKWARD})."
        )


def _selection(containers: Sequence[LocalContainer], predictor: Predictor) -> Selection:
    schema = predictor.schema
    asked = containers[-1].environment.get(_OUTPUT, "").strip()
    if not schema.labels:
        return Selection(read_keys(asked, (Key.PREDICTED_LABEL,)) if asked else (), ())
    labels = schema.labels
    supported = tuple(Key)
    if len(containers) == 2:
        labels = tuple(str(index) for index in range(len(labels)))
        supported = (Key.PREDICTED_LABEL, Key.PROBABILITY, Key.PROBABILITIES)
    keys = read_keys(asked or Key.PREDICTED_LABEL, supported)
    is_binary = schema.problem_type == ProblemType.BINARY
    return Selection(keys, labels, is_of_positive=is_binary and len(containers) > 1)


def default_accept_of(environment: Mapping[str, str]) -> str:
    """Return the content type of answers to requests that leave the choice, as the last container says.

    raises    InvalidRequest for one that no model writes
    """
    media = environment.get(_ACCEPT, CSV).strip()
    if media not in SUPPORTED:
        raise InvalidRequest(
            f"{_ACCEPT} of the last container is '{media}'; a model answers {', '.join(SUPPORTED)}."
        )
    return media


def called(name: str, number: int, n_containers: int) -> str:
    """Return what messages call a container: its host name, else what AWS would have made up.

    number    its place, from 1
    """
    return name or ("primary" if n_containers == 1 else f"container-{number}")


def _names(given: Sequence[str]) -> tuple[str, str, str]:
    names = [called(name, number, len(given)) for number, name in enumerate(given, 1)]
    return names[0], names[min(1, len(names) - 1)], names[-1]
