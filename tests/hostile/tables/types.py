"""Values of a type that a member cannot have.

source    codes: autopilot.md 1.2. AWS's texts are not known: ours name the place, what stands there, and what would be right
"""

from __future__ import annotations

from hostile.asking import (
    Ask,
    json_body,
    sagemaker,
    sagemaker_raw,
)
from hostile.case import Case, invalid, unreadable
from hostile.grammar import (
    missing,
)

_DESCRIBE = "DescribeAutoMLJob"


def _described(body: bytes) -> Ask:
    return sagemaker_raw(_DESCRIBE, body)


def _type(name: str, operation: str, members: object, text: str) -> Case:
    return unreadable(name, sagemaker_raw(operation, json_body(members)), text)


def _moment(name: str, moment: object, text: str) -> Case:
    return _type(name, "ListAutoMLJobs", {"CreationTimeAfter": moment}, text)


_TYPES = (
    _type(
        "a number for a string",
        _DESCRIBE,
        {"AutoMLJobName": 1},
        "NUMBER_VALUE can not be converted to a String at 'autoMLJobName'",
    ),
    _type(
        "true for a string",
        _DESCRIBE,
        {"AutoMLJobName": True},
        "BOOLEAN_VALUE can not be converted to a String at 'autoMLJobName'",
    ),
    _type(
        "a list for a string",
        _DESCRIBE,
        {"AutoMLJobName": ["churn"]},
        "START_ARRAY can not be converted to a String at 'autoMLJobName'",
    ),
    _type(
        "an object for a string",
        _DESCRIBE,
        {"AutoMLJobName": {"$ne": ""}},
        "START_OBJECT can not be converted to a String at 'autoMLJobName'",
    ),
    _type(
        "a string for a number",
        "ListAutoMLJobs",
        {"MaxResults": "10"},
        "STRING_VALUE can not be converted to an Integer at 'maxResults'",
    ),
    _type(
        "true for a number",
        "ListAutoMLJobs",
        {"MaxResults": True},
        "BOOLEAN_VALUE can not be converted to an Integer at 'maxResults'",
    ),
    _type(
        "a fraction for a whole number",
        "ListAutoMLJobs",
        {"MaxResults": 1.5},
        "NUMBER_VALUE can not be converted to an Integer at 'maxResults'",
    ),
    unreadable(
        "a number beyond all bounds",
        sagemaker_raw("ListAutoMLJobs", b'{"MaxResults": 1e999}'),
        "NUMBER_VALUE can not be converted to an Integer at 'maxResults'",
    ),
    _type(
        "a list for a number",
        "ListAutoMLJobs",
        {"MaxResults": [1]},
        "START_ARRAY can not be converted to an Integer at 'maxResults'",
    ),
    *(
        _type(
            f"the number {number}",
            "ListAutoMLJobs",
            {"MaxResults": number},
            "The number at 'maxResults' is out of range: it must be from -2147483648 to 2147483647.",
        )
        for number in (2**31, -(2**31) - 1, 2**63, 10**400)
    ),
    _type(
        "a number beyond 64 bits",
        "CreateModel",
        {"ModelName": "n", "Tags": [{"Key": 2**64, "Value": "v"}]},
        "NUMBER_VALUE can not be converted to a String at 'tags.1.member.key'",
    ),
    _type(
        "an object for a list",
        "AddTags",
        {"ResourceArn": "a", "Tags": {"Key": "a"}},
        "START_OBJECT can not be converted to a list at 'tags'",
    ),
    _type(
        "a string for a list",
        "DeleteTags",
        {"ResourceArn": "a", "TagKeys": "a"},
        "STRING_VALUE can not be converted to a list at 'tagKeys'",
    ),
    _type(
        "a string for a structure",
        "AddTags",
        {"ResourceArn": "a", "Tags": ["a"]},
        "STRING_VALUE can not be converted to a structure at 'tags.1.member'",
    ),
    _type(
        "a list for a structure",
        "CreateModel",
        {"ModelName": "n", "PrimaryContainer": []},
        "START_ARRAY can not be converted to a structure at 'primaryContainer'",
    ),
    _type(
        "a list for a map",
        "CreateModel",
        {"ModelName": "n", "PrimaryContainer": {"Environment": ["A"]}},
        "START_ARRAY can not be converted to a map at 'primaryContainer.environment'",
    ),
    _type(
        "a number in a map of strings",
        "CreateModel",
        {"ModelName": "n", "Containers": [{}, {"Environment": {"A": 1}}]},
        "NUMBER_VALUE can not be converted to a String at 'containers.2.member.environment.A.member'",
    ),
    _type(
        "a string for a boolean",
        "CreateModel",
        {"ModelName": "n", "EnableNetworkIsolation": "false"},
        "STRING_VALUE can not be converted to a Boolean at 'enableNetworkIsolation'",
    ),
    _type(
        "a number for a boolean",
        "CreateModel",
        {"ModelName": "n", "EnableNetworkIsolation": 0},
        "NUMBER_VALUE can not be converted to a Boolean at 'enableNetworkIsolation'",
    ),
    _type(
        "a string for a fraction",
        "CreateAutoMLJob",
        {"AutoMLJobConfig": {"DataSplitConfig": {"ValidationFraction": "0.2"}}},
        "STRING_VALUE can not be converted to a Float at 'autoMLJobConfig.dataSplitConfig.validationFraction'",
    ),
    unreadable(
        "a fraction beyond all bounds",
        sagemaker_raw(
            "CreateAutoMLJob",
            b'{"AutoMLJobConfig": {"DataSplitConfig": {"ValidationFraction": -1e999}}}',
        ),
        "The number at 'autoMLJobConfig.dataSplitConfig.validationFraction' is out of range.",
    ),
    _moment(
        "yesterday", "yesterday", "'yesterday' at 'creationTimeAfter' is not a date in ISO 8601."
    ),
    _moment(
        "a thirteenth month",
        "2026-13-01T00:00:00Z",
        "'2026-13-01T00:00:00Z' at 'creationTimeAfter' is not a date in ISO 8601.",
    ),
    _moment("an empty moment", "", "'' at 'creationTimeAfter' is not a date in ISO 8601."),
    _moment(
        "a moment of markup",
        "<b>now</b>",
        "'<b>now</b>' at 'creationTimeAfter' is not a date in ISO 8601.",
    ),
    _moment("the end of all time", 1e18, "The timestamp at 'creationTimeAfter' is out of range."),
    _moment("before all time", -1e18, "The timestamp at 'creationTimeAfter' is out of range."),
    _moment(
        "the last year, west of here",
        "9999-12-31T23:59:59-12:00",
        "'9999-12-31T23:59:59-12:00' at 'creationTimeAfter' is not a date in ISO 8601.",
    ),
    _moment(
        "a boolean moment",
        True,
        "BOOLEAN_VALUE can not be converted to a Float at 'creationTimeAfter'",
    ),
    _moment(
        "a list of moments",
        [1],
        "START_ARRAY can not be converted to a Float at 'creationTimeAfter'",
    ),
    unreadable(
        "a null character",
        _described(b'{"AutoMLJobName": "a\\u0000b"}'),
        "The string at 'autoMLJobName' holds U+0000, which is not allowed in text.",
    ),
    unreadable(
        "half a surrogate pair",
        _described(b'{"AutoMLJobName": "\\ud800"}'),
        "The string at 'autoMLJobName' holds U+D800, which is not allowed in text.",
    ),
    unreadable(
        "a null character in a key",
        sagemaker_raw(
            "CreateModel",
            b'{"ModelName": "n", "PrimaryContainer": {"Environment": {"A\\u0000": "1"}}}',
        ),
        "The string at 'primaryContainer.environment' holds U+0000, which is not allowed in text.",
    ),
    invalid(
        "null in a list",
        sagemaker(
            "AddTags", ResourceArn="arn:aws:sagemaker:us-east-1:111122223333:model/m", Tags=[None]
        ),
        missing("tags.1.member"),
    ),
    invalid(
        "null in a map",
        sagemaker("CreateModel", ModelName="n", PrimaryContainer={"Environment": {"A": None}}),
        missing("primaryContainer.environment.A.member"),
    ),
)

CASES = (*_TYPES,)
