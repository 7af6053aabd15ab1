"""Members of lists, tags and logs that break a constraint of the service model.

source    constraints: the service model; grammar: autopilot.md 1.3
"""

from __future__ import annotations

from typing import Any

from hostile.asking import logs, sagemaker
from hostile.case import Case, invalid
from hostile.grammar import (
    detected,
    least,
    longest,
    most,
    null,
    options,
    pattern,
    shortest,
    value,
)

_LONG = "n" * 64


def _one(name: str, operation: str, members: dict[str, Any], *faults: str) -> Case:
    return invalid(name, sagemaker(operation, **members), detected(*faults))


def _tags(name: str, tags: Any, *faults: str) -> Case:
    members = {"ResourceArn": "arn:aws:sagemaker:us-east-1:111122223333:model/m", "Tags": tags}
    return _one(name, "AddTags", members, *faults)


_TAGS = (
    _one("tags for nothing", "AddTags", {}, null("resourceArn"), null("tags")),
    _tags("a tag without a value", [{"Key": "a"}], null("tags.1.member.value")),
    _tags("a tag without a key", [{"Value": "a"}], null("tags.1.member.key")),
    _tags(
        "a tag with an empty key",
        [{"Key": "", "Value": "v"}],
        value("", "tags.1.member.key", shortest(1)),
    ),
    _tags(
        "a tag with a long key",
        [{"Key": "k" * 129, "Value": "v"}],
        value("k" * 129, "tags.1.member.key", longest(128)),
    ),
    _tags(
        "a tag with a long value",
        [{"Key": "k", "Value": "v" * 257}],
        value("v" * 257, "tags.1.member.value", longest(256)),
    ),
    _tags(
        "a tag of control characters",
        [{"Key": "a\tb\x7f", "Value": "v"}],
        value("a\tb\x7f", "tags.1.member.key", pattern("TagKey")),
    ),
    _tags(
        "a tag of markup",
        [{"Key": "<b>", "Value": "v"}],
        value("<b>", "tags.1.member.key", pattern("TagKey")),
    ),
    _tags(
        "a second tag that is wrong",
        [{"Key": "a", "Value": "v"}, {"Key": "b", "Value": "{}"}],
        value("{}", "tags.2.member.value", pattern("TagValue")),
    ),
    _one(
        "an ARN too long",
        "ListTags",
        {"ResourceArn": "a" * 257},
        value("a" * 257, "resourceArn", longest(256)),
        value("a" * 257, "resourceArn", pattern("ResourceArn")),
    ),
    _one(
        "a page of tags too small",
        "ListTags",
        {"ResourceArn": "arn:aws:sagemaker:us-east-1:111122223333:model/m", "MaxResults": 1},
        value("1", "maxResults", least(50)),
    ),
    _one(
        "no tags to delete",
        "DeleteTags",
        {"ResourceArn": "arn:aws:sagemaker:us-east-1:111122223333:model/m", "TagKeys": []},
        value("[]", "tagKeys", shortest(1)),
    ),
)

_LISTS = (
    *(
        _one(
            f"{operation}: no results",
            operation,
            {"MaxResults": 0},
            value("0", "maxResults", least(1)),
        )
        for operation in (
            "ListAutoMLJobs",
            "ListModels",
            "ListEndpoints",
            "ListEndpointConfigs",
            "ListTrainingJobs",
            "ListProcessingJobs",
            "ListTransformJobs",
        )
    ),
    *(
        _one(
            f"{operation}: results without end",
            operation,
            {"MaxResults": 101},
            value("101", "maxResults", most(100)),
        )
        for operation in (
            "ListAutoMLJobs",
            "ListModels",
            "ListEndpoints",
            "ListEndpointConfigs",
            "ListTrainingJobs",
            "ListProcessingJobs",
            "ListTransformJobs",
        )
    ),
    _one(
        "301 candidates",
        "ListCandidatesForAutoMLJob",
        {"AutoMLJobName": "churn", "MaxResults": 301},
        value("301", "maxResults", most(300)),
    ),
    _one(
        "an order of size",
        "ListAutoMLJobs",
        {"SortBy": "Size"},
        value("Size", "sortBy", options("AutoMLSortBy")),
    ),
    _one(
        "an order of SQL",
        "ListModels",
        {"SortBy": "Name; DROP TABLE resources"},
        value("Name; DROP TABLE resources", "sortBy", options("ModelSortKey")),
    ),
    _one(
        "a direction that is none",
        "ListEndpoints",
        {"SortOrder": "Upwards"},
        value("Upwards", "sortOrder", options("OrderKey")),
    ),
    _one(
        "a status that is none",
        "ListAutoMLJobs",
        {"StatusEquals": "Done"},
        value("Done", "statusEquals", options("AutoMLJobStatus")),
    ),
    _one(
        "a part of a name that is SQL",
        "ListEndpoints",
        {"NameContains": "%' --"},
        value("%' --", "nameContains", pattern("EndpointNameContains")),
    ),
    _one(
        "a part of a name too long",
        "ListAutoMLJobs",
        {"NameContains": _LONG},
        value(_LONG, "nameContains", longest(63)),
    ),
    _one(
        "a token too long",
        "ListAutoMLJobs",
        {"NextToken": "t" * 8193},
        value(f"{'t' * 1024}...", "nextToken", longest(8192)),
    ),
    _one(
        "five things wrong with a list",
        "ListAutoMLJobs",
        {
            "StatusEquals": "x",
            "SortOrder": "y",
            "SortBy": "z",
            "MaxResults": 0,
            "NameContains": "_",
        },
        value("_", "nameContains", pattern("AutoMLNameContains")),
        value("x", "statusEquals", options("AutoMLJobStatus")),
        value("y", "sortOrder", options("AutoMLSortOrder")),
        value("z", "sortBy", options("AutoMLSortBy")),
        value("0", "maxResults", least(1)),
    ),
)


def _logs(name: str, operation: str, members: dict[str, Any], *faults: str) -> Case:
    return Case(
        name, logs(operation, **members), 400, "InvalidParameterException", detected(*faults)
    )


_GROUP = "/aws/sagemaker/AutoMLJobs"

_LOGS = (
    _logs(
        "a page of 51 groups", "DescribeLogGroups", {"limit": 51}, value("51", "limit", most(50))
    ),
    _logs("a page of no groups", "DescribeLogGroups", {"limit": 0}, value("0", "limit", least(1))),
    _logs(
        "a group of markup",
        "DescribeLogStreams",
        {"logGroupName": "<b>"},
        value("<b>", "logGroupName", pattern("LogGroupName", "logs")),
    ),
    _logs(
        "a group of nothing",
        "DescribeLogStreams",
        {"logGroupName": ""},
        value("", "logGroupName", shortest(1)),
        value("", "logGroupName", pattern("LogGroupName", "logs")),
    ),
    _logs(
        "an order of logs that is none",
        "DescribeLogStreams",
        {"logGroupName": _GROUP, "orderBy": "Size"},
        value("Size", "orderBy", options("OrderBy", "logs")),
    ),
    _logs("lines of no stream", "GetLogEvents", {"logGroupName": _GROUP}, null("logStreamName")),
    _logs(
        "a stream with an asterisk",
        "GetLogEvents",
        {"logGroupName": _GROUP, "logStreamName": "*"},
        value("*", "logStreamName", pattern("LogStreamName", "logs")),
    ),
    _logs(
        "10,001 lines",
        "GetLogEvents",
        {"logGroupName": _GROUP, "logStreamName": "churn", "limit": 10_001},
        value("10001", "limit", most(10_000)),
    ),
    _logs(
        "a time before all time",
        "FilterLogEvents",
        {"logGroupName": _GROUP, "startTime": -1},
        value("-1", "startTime", least(0)),
    ),
    _logs(
        "a pattern too long",
        "FilterLogEvents",
        {"logGroupName": _GROUP, "filterPattern": "a" * 1025},
        value(f"{'a' * 1024}...", "filterPattern", longest(1024)),
    ),
    _logs(
        "no streams to look through",
        "FilterLogEvents",
        {"logGroupName": _GROUP, "logStreamNames": []},
        value("[]", "logStreamNames", shortest(1)),
    ),
)

CASES = (
    *_TAGS,
    *_LISTS,
    *_LOGS,
)
