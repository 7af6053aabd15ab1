"""A request as code to copy: every value is a literal, so that no name of somebody's data becomes code."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any

from windvane.console.job_form.draft import Specification

_INDENT = 4


def boto3_code(
    url: str, region: str, request: Mapping[str, Any], specification: Specification | None
) -> str:
    """Return a Python program that creates the job."""
    where = f"region_name={region!r}, endpoint_url={url!r}"
    members = "".join(f"    {name}={literal(value, _INDENT)},\n" for name, value in request.items())
    return (
        f"import boto3\n\n{_put_object(where, specification)}"
        f'sagemaker = boto3.client("sagemaker", {where})\n'
        f"sagemaker.create_auto_ml_job_v2(\n{members})\n"
    )


def _put_object(where: str, specification: Specification | None) -> str:
    if specification is None:
        return ""
    bucket, key = _place(specification)
    return (
        f'boto3.client("s3", {where}).put_object(\n'
        f"    Bucket={bucket!r},\n    Key={key!r},\n    Body={specification.text!r},\n)\n\n"
    )


def cli_code(
    url: str, region: str, request: Mapping[str, Any], specification: Specification | None
) -> str:
    """Commands for a POSIX shell that create the job with the AWS CLI."""
    where = f"--region {shlex.quote(region)} --endpoint-url {shlex.quote(url)}"
    put = ""
    if specification is not None:
        text, uri = shlex.quote(specification.text), shlex.quote(specification.uri)
        put = f"printf '%s' {text} |\n  aws s3 cp {where} - {uri}\n\n"
    told = shlex.quote(json.dumps(request, indent=2))
    return f"{put}aws sagemaker create-auto-ml-job-v2 {where} \\\n  --cli-input-json {told}\n"


def literal(value: Any, indent: int) -> str:
    """Return a value of JSON in Python, over as many lines as it has members.

    >>> print(literal({"a": ["it's"], "b": True}, 0))
    {
        'a': [
            "it's",
        ],
        'b': True,
    }
    """
    inner = " " * (indent + _INDENT)
    if isinstance(value, Mapping) and value:
        lines = [f"{k!r}: {literal(v, indent + _INDENT)}" for k, v in value.items()]
        return _block("{}", lines, inner, indent)
    if isinstance(value, list) and value:
        return _block("[]", [literal(v, indent + _INDENT) for v in value], inner, indent)
    return repr(value)


def _block(brackets: str, lines: list[str], inner: str, indent: int) -> str:
    body = "".join(f"{inner}{line},\n" for line in lines)
    return f"{brackets[0]}\n{body}{' ' * indent}{brackets[1]}"


def _place(specification: Specification) -> tuple[str, str]:
    bucket, _, key = specification.uri.removeprefix("s3://").partition("/")
    return bucket, key
