"""Sentences that refusals of many operations share.

source    autopilot.md 1.4. That a member is not served is ours to say: it names the member, and what to do about it
"""

from __future__ import annotations

from api.world import ROLE

ROOT = "arn:aws:sagemaker:us-east-1:111122223333"
LEFT_OUT = "is not supported by this server: leave it out."
FALSE_ALONE = "is not supported by this server: leave it out or choose one of: false."
NOT_S3 = "is not of the form s3://BUCKET/KEY."


def nothing_at(uri: str, bucket: str, role: str = ROLE) -> str:
    return (
        f'No S3 objects found under S3 URL "{uri}" given in input data source. Please ensure that the bucket exists in '
        "the selected region (us-east-1), that objects exist under that S3 prefix, and that the role "
        f'"{role}" has "s3:ListBucket" permissions on bucket "{bucket}".'
    )


def denied(action: str, bucket: str, reason: str, role: str = ROLE) -> str:
    return f'Access denied: the role "{role}" has no "{action}" permission on bucket "{bucket}". {reason}'


def name_taken(words: str, kind: str, name: str) -> str:
    """words    of the kind of job, e.g. 'training job'"""
    article, capital = ("an", words) if words[0] == "A" else ("a", words.capitalize())
    return (
        f"{capital} names must be unique within an AWS account and region, and {article} {words} with this name already "
        f"exists ({ROOT}:{kind}/{name})"
    )


def could_not_find(what: str, kind: str, name: str) -> str:
    return f'Could not find {what} "{ROOT}:{kind}/{name}".'
