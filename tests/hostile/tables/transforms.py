"""CreateTransformJob.

source    autopilot.md 1.2, 1.4 and 4.5; docs/batch-transform.md says what is taken
"""

from __future__ import annotations

from typing import Any

from hostile.asking import sagemaker
from hostile.case import Case, invalid, taken
from hostile.requests import transform_request
from hostile.wording import LEFT_OUT, ROOT, name_taken, nothing_at


def _transform(name: str, text: str, **changes: Any) -> Case:
    return invalid(
        name, sagemaker("CreateTransformJob", **transform_request("new", **changes)), text
    )


def _input(**changes: Any) -> dict[str, Any]:
    return {**transform_request()["TransformInput"], **changes}


_SUPPORTED = "Send one of text/csv, application/json, application/jsonlines, in UTF-8."

_PATHS = "What is known: $, $.name, $['a','b'], $[0], $[-1], $[0,2], $[1:], $[:-1], and * for every member or item."


def _filter(path: str, reason: str) -> Case:
    return _transform(
        f"the filter {path}",
        f"Value '{path}' at 'dataProcessing.inputFilter': The JSONPath '{path}' is malformed: {reason}. {_PATHS}",
        DataProcessing={"InputFilter": path},
    )


_TRANSFORMS = (
    taken(
        "a transform job's name in use",
        sagemaker("CreateTransformJob", **transform_request("running")),
        name_taken("transform job", "transform-job", "running"),
    ),
    _transform(
        "a model that there is not", f'Could not find model "{ROOT}:model/nope".', ModelName="nope"
    ),
    _transform(
        "another account's model",
        f'Could not find model "{ROOT}:model/theirs".',
        ModelName="theirs",
    ),
    _transform(
        "a training job in a model's place",
        f'Could not find model "{ROOT}:model/fitted". There is a training job of this name, which did not fit '
        "transformers: create a model of what it made.",
        ModelName="fitted",
    ),
    _transform(
        "transformers that are not fitted yet",
        f"The training job {ROOT}:training-job/transformers is in status InProgress; its transformers can be used once it "
        "is Completed.",
        ModelName="transformers",
    ),
    _transform(
        "rows of images",
        f"Content type 'image/png' is not supported. {_SUPPORTED}",
        TransformInput=_input(ContentType="image/png"),
    ),
    _transform(
        "rows of another alphabet",
        f"Content type 'text/csv; charset=utf-16' is not supported. {_SUPPORTED}",
        TransformInput=_input(ContentType="text/csv; charset=utf-16"),
    ),
    _transform(
        "answers as images",
        "Accept type 'image/png' is not supported.",
        TransformOutput={"S3OutputPath": "s3://results/x", "Accept": "image/png"},
    ),
    _transform(
        "records of RecordIO",
        "Value 'RecordIO' at 'transformInput.splitType' is not supported by this server: leave it out or choose one "
        "of: None, Line.",
        TransformInput=_input(SplitType="RecordIO"),
    ),
    _transform(
        "a payload of 101 MB",
        "Value '101' at 'maxPayloadInMB' must be less than or equal to 100.",
        MaxPayloadInMB=101,
    ),
    _transform(
        "more at once than there may be",
        "MaxConcurrentTransforms (20) times MaxPayloadInMB (6) is 120; it must be less than or equal to 100.",
        MaxConcurrentTransforms=20,
    ),
    _filter("x", "it must begin with $"),
    _filter("$[", "'[' is not understood"),
    _filter("$..a", "'..a' is not understood"),
    _filter("$[?(@.a>1)]", "'[?(@.a>1)]' is not understood"),
    _filter("$[0:2:1]", "'[0:2:1]' is not understood"),
    _filter("$[0][1:][2]", "nothing can follow several members, items or a slice"),
    _transform(
        "names of columns of CSV",
        "Value '$.age' at 'dataProcessing.inputFilter' names members, which rows of text/csv do not have: name their "
        "columns by number, such as $[0] or $[1:].",
        DataProcessing={"InputFilter": "$.age"},
    ),
    _transform(
        "a join of CSV and JSON",
        "TransformOutput.Accept is 'application/json' and TransformInput.ContentType is 'text/csv': with JoinSource or "
        "OutputFilter both must be the same.",
        TransformOutput={"S3OutputPath": "s3://results/x", "Accept": "application/json"},
        DataProcessing={"JoinSource": "Input"},
    ),
    _transform(
        "nothing to answer",
        nothing_at("s3://data/nothing", "data"),
        TransformInput=_input(
            DataSource={"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://data/nothing"}}
        ),
    ),
    _transform(
        "keys for answers",
        "The KMS key 'alias/k' at 'transformOutput.kmsKeyId' cannot be used: Alias "
        "arn:aws:kms:us-east-1:111122223333:alias/k is not found.",
        TransformOutput={"S3OutputPath": "s3://results/x", "KmsKeyId": "alias/k"},
    ),
    _transform(
        "captured batches",
        f"The member 'dataCaptureConfig' {LEFT_OUT}",
        DataCaptureConfig={"DestinationS3Uri": "s3://results/x"},
    ),
)

CASES = (*_TRANSFORMS,)
