"""The tags of a job that the console goes by: what it is based on, its project, and whether lists leave it out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from windvane.console.request_context import RequestContext
from windvane.errors import AccessDenied
from windvane.names import SENSITIVE_SEPARATOR, SENSITIVE_TAG

PROJECT, ARCHIVED = "project", "windvane:archived"
"""Keys of tags, as ListAutoMLJobOverviews knows them."""


async def tags_of(context: RequestContext, job: Mapping[str, Any]) -> dict[str, str]:
    """Return the tags of a job; none if whoever is signed in may not see them.

    job    of DescribeAutoMLJobV2
    """
    try:
        answer = await context.ask("sagemaker", "ListTags", {"ResourceArn": job["AutoMLJobArn"]})
    except AccessDenied:
        return {}
    return {tag["Key"]: tag["Value"] for tag in answer["Tags"]}


def sensitive_columns(tags: Mapping[str, str]) -> tuple[str, ...]:
    """Return the columns that the tags of a job mark as sensitive, in their order."""
    named = tags.get(SENSITIVE_TAG, "").split(SENSITIVE_SEPARATOR)
    return tuple(dict.fromkeys(one.strip() for one in named if one.strip()))
