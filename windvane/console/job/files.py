"""What a job has left in S3: where it is, and whether it is still there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from windvane.console.request_context import RequestContext
from windvane.errors import AccessDenied


def root_of(job: Mapping[str, Any]) -> str:
    """Return the S3 URI of the job's folder, with the slash at its end.

    job    of DescribeAutoMLJobV2
    """
    return f"{job['OutputDataConfig']['S3OutputPath'].rstrip('/')}/{job['AutoMLJobName']}/"


async def has_files(context: RequestContext, job: Mapping[str, Any]) -> bool:
    """Return whether anything is left of what the job wrote. Whoever may not list it is not told that it is gone."""
    try:
        return bool(await context.objects.list(root_of(job), 1))
    except AccessDenied:
        return True
