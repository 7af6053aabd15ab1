"""What CreateTransformJob must fulfil beyond the service model."""

from __future__ import annotations

from collections.abc import Iterator

from windvane.control.members import Request, Unserved, first, found
from windvane.control.rules import TAG_RULES, Rule, refused, s3_uris
from windvane.domain.jsonpath import ROOT, JsonPath, read_path
from windvane.errors import InvalidRequest

MOST_PAYLOAD_MB = 100
"""source    MaxPayloadInMB in SageMaker's API reference"""

_FILTERS = ("InputFilter", "OutputFilter")
_CSV = "text/csv"


def _payload(request: Request) -> Iterator[str]:
    size, at_once = request.get("MaxPayloadInMB", 6), request.get("MaxConcurrentTransforms", 0)
    if size > MOST_PAYLOAD_MB:
        yield f"Value '{size}' at 'maxPayloadInMB' must be less than or equal to {MOST_PAYLOAD_MB}."
    elif size * at_once > MOST_PAYLOAD_MB:
        yield (
            f"MaxConcurrentTransforms ({at_once}) times MaxPayloadInMB ({size}) is {size * at_once}; it must be less "
            f"than or equal to {MOST_PAYLOAD_MB}."
        )


def _paths(request: Request) -> Iterator[str]:
    for name in _FILTERS:
        for place, text in found(request, f"DataProcessing.{name}"):
            try:
                path = read_path(text) if text else ROOT
            except InvalidRequest as fault:
                yield f"Value '{text}' at '{place}': {fault}"
                continue
            yield from _path_fits(path, _media(request), place)


def _path_fits(path: JsonPath, media: str, place: str) -> Iterator[str]:
    if media == _CSV and not path.is_of_columns:
        yield (
            f"Value '{path.text}' at '{place}' names members, which rows of {_CSV} do not have: name their columns by "
            "number, such as $[0] or $[1:]."
        )


def _formats(request: Request) -> Iterator[str]:
    """A joined or filtered answer is of the input's own format."""
    processing = request.get("DataProcessing", {})
    needs_same = (
        processing.get("JoinSource", "None") != "None"
        or (processing.get("OutputFilter") or "$") != "$"
    )
    accept = first(request, "TransformOutput.Accept") or ""
    if needs_same and accept and _plain(accept) != _media(request):
        yield (
            f"TransformOutput.Accept is '{accept}' and TransformInput.ContentType is '{_media(request)}': with "
            "JoinSource or OutputFilter both must be the same."
        )


def _media(request: Request) -> str:
    return _plain(first(request, "TransformInput.ContentType") or "") or _CSV


def _plain(media: str) -> str:
    return media.partition(";")[0].strip().lower()


CREATE_TRANSFORM_JOB_RULES: tuple[Rule, ...] = (
    refused(
        Unserved("TransformInput.DataSource.S3DataSource.S3DataType", ("S3Prefix", "ManifestFile")),
        Unserved("TransformInput.SplitType", ("None", "Line")),
        Unserved("TransformResources.TransformAmiVersion"),
        Unserved("DataCaptureConfig"),
        Unserved("ExperimentConfig"),
    ),
    _payload,
    _paths,
    _formats,
    s3_uris("TransformInput.DataSource.S3DataSource.S3Uri", "TransformOutput.S3OutputPath"),
    *TAG_RULES,
)

TRANSFORMERS_RULES: tuple[Rule, ...] = (
    refused(
        Unserved("TransformInput.ContentType", (_CSV,)),
        Unserved("TransformOutput.Accept", (_CSV,)),
        Unserved("DataProcessing.InputFilter", ("$",)),
        Unserved("DataProcessing.OutputFilter", ("$",)),
        Unserved("DataProcessing.JoinSource", ("None",)),
    ),
)
"""Of a job that transformers do instead of a model."""
