"""Transform jobs that clients create: create, stop. The other operations are in api/steps.py."""

from __future__ import annotations

from windvane.api.operation import OperationTable, Services, scope_of
from windvane.control.members import Request, first
from windvane.domain.candidate import TransformJob
from windvane.serving.content_types import CSV, choose_accept, read_content_type
from windvane.wire.call import Call, Result

OPERATIONS = OperationTable("sagemaker")


@OPERATIONS.serves("CreateTransformJob")
def create_transform_job(parts: Services, call: Call) -> Result:
    _check_media(call.parameters)
    job = parts.transforms.create(call.caller, call.parameters)
    return {"TransformJobArn": job.arn}


@OPERATIONS.serves("StopTransformJob")
def stop_transform_job(parts: Services, call: Call) -> Result:
    parts.steps.stop(TransformJob, scope_of(call), call.parameters["TransformJobName"])
    return None


def _check_media(request: Request) -> None:
    """Check the content types of the input and the output.

    raises    InvalidRequest for a content type that no model reads, or none writes
    """
    read_content_type(first(request, "TransformInput.ContentType") or "")
    choose_accept(first(request, "TransformOutput.Accept") or "", CSV)
