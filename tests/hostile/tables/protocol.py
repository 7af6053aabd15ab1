"""Requests that are none, or whose body is none.

source    codes: autopilot.md 1.2; constraints: the service model. AWS has no text for a body that cannot be read: ours
          names the place, what stands there, and what would be right.
"""

from __future__ import annotations

from dataclasses import replace

from hostile.asking import (
    Ask,
    by,
    form,
    form_raw,
    logs,
    sagemaker,
    sagemaker_raw,
)
from hostile.case import Case, invalid, unknown, unreadable
from hostile.grammar import (
    broken,
    detected,
    longest,
    missing,
    value,
)

_NOT_JSON = "Unable to parse the request body: it is not a valid JSON document."

_TWICE = "Unable to parse the request body: a key stands twice in one object."

_NO_OBJECT = "Unable to parse the request body: it must be a JSON object."

_DESCRIBE = "DescribeAutoMLJob"


def _described(body: bytes) -> Ask:
    return sagemaker_raw(_DESCRIBE, body)


def _target(target: str) -> Ask:
    ask = sagemaker("ListModels")
    return by(ask, sent=ask.sent.with_header("x-amz-target", target))


def _with_method(method: str) -> Ask:
    ask = sagemaker("ListModels")
    return by(ask, sent=replace(ask.sent, method=method))


_TARGETS = (
    unknown(
        "an operation that there is not",
        sagemaker("DoMagic"),
        "'DoMagic' is no operation of sagemaker.",
    ),
    unknown(
        "an operation in another case",
        sagemaker("listmodels"),
        "'listmodels' is no operation of sagemaker.",
    ),
    unknown(
        "an operation that is not served",
        sagemaker("CreateDomain"),
        "The operation CreateDomain of sagemaker is not served here.",
    ),
    unknown(
        "an operation of logs that is not served",
        logs("PutLogEvents"),
        "The operation PutLogEvents of logs is not served here.",
    ),
    unknown(
        "an operation of Python",
        sagemaker("__class__"),
        "'__class__' is no operation of sagemaker.",
    ),
    unknown(
        "an operation of markup",
        sagemaker("<script>alert(1)</script>"),
        "'<script>alert(1)</script>' is no operation of sagemaker.",
    ),
    unknown(
        "a target without a service",
        _target("ListModels"),
        "X-Amz-Target 'ListModels' is no operation of a service served here.",
    ),
    unknown(
        "the target of another service",
        _target("DynamoDB_20120810.ListTables"),
        "X-Amz-Target 'DynamoDB_20120810.ListTables' is no operation of a service served here.",
    ),
    unknown(
        "a target with a path",
        _target("SageMaker.../../ListModels"),
        "X-Amz-Target 'SageMaker.../../ListModels' is no operation of a service served here.",
    ),
    unknown(
        "a target of ten thousand letters",
        _target("S" * 10_000),
        f"X-Amz-Target '{'S' * 200}' is no operation of a service served here.",
    ),
    unknown(
        "a target without an operation",
        _target("SageMaker."),
        "X-Amz-Target 'SageMaker.' is no operation of a service served here.",
    ),
    unknown(
        "no target",
        _target(""),
        "POST / names no operation: there is no X-Amz-Target header and the path is none of the runtime's, nor of our "
        "own.",
    ),
    *(
        unknown(
            f"a target with {method}",
            _with_method(method),
            f"{method} / names no operation: an operation that X-Amz-Target names is sent by POST.",
        )
        for method in ("GET", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW")
    ),
)

_NO_JSON = tuple(
    unreadable(f"a body of {name}", _described(body), _NOT_JSON)
    for name, body in {
        "words": b"AutoMLJobName=churn",
        "XML": b"<AutoMLJobName>churn</AutoMLJobName>",
        "half an object": b'{"AutoMLJobName": "churn"',
        "two objects": b'{"AutoMLJobName": "churn"}{}',
        "an object and a null byte": b'{"AutoMLJobName": "churn"}\x00',
        "single quotes": b"{'AutoMLJobName': 'churn'}",
        "a comma too many": b'{"AutoMLJobName": "churn",}',
        "a comment": b'{"AutoMLJobName": "churn"} // done',
        "bytes that are no UTF-8": b'{"AutoMLJobName": "\xff"}',
        "an overlong dot": b'{"AutoMLJobName": "\xc0\xae"}',
        "half a surrogate pair in UTF-8": b'{"AutoMLJobName": "\xed\xa0\x80"}',
        "UTF-16": '{"AutoMLJobName": "churn"}'.encode("utf-16"),
        "a byte order mark": b'\xef\xbb\xbf{"AutoMLJobName": "churn"}',
        "a line break in a string": b'{"AutoMLJobName": "a\nb"}',
        "a number with a leading zero": b'{"MaxResults": 010}',
        "a hexadecimal number": b'{"MaxResults": 0x10}',
        "a number of ten thousand digits": b'{"MaxResults": ' + b"9" * 10_000 + b"}",
        "a hundred thousand lists": b"[" * 100_000,
        "a hundred thousand objects": b'{"a":' * 100_000,
        "deep lists in a member that is not known": b'{"a":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    }.items()
)

_NOT_AN_OBJECT = tuple(
    unreadable(f"a body that is {name}", _described(body), _NO_OBJECT)
    for name, body in {
        "a list": b"[]",
        "a string": b'"AutoMLJobName"',
        "a number": b"1",
        "null": b"null",
        "true": b"true",
    }.items()
)

_CONSTANTS = tuple(
    unreadable(
        f"the number {name}",
        sagemaker_raw("ListAutoMLJobs", f'{{"MaxResults": {name}}}'.encode()),
        f"Unable to parse the request body: {name} is not a JSON number.",
    )
    for name in ("NaN", "Infinity", "-Infinity")
)

_KEYS = (
    unreadable(
        "a key twice",
        _described(b'{"AutoMLJobName": "churn", "AutoMLJobName": "other"}'),
        _TWICE,
    ),
    unreadable(
        "a key twice further in",
        sagemaker_raw(
            "AddTags", b'{"ResourceArn": "a", "Tags": [{"Key": "a", "Key": "b", "Value": "c"}]}'
        ),
        _TWICE,
    ),
    unreadable(
        "a key twice in a member that is not known",
        _described(b'{"AutoMLJobName": "churn", "x": {"a": 1, "a": 2}}'),
        _TWICE,
    ),
    invalid("no body", _described(b""), missing("autoMLJobName")),
    invalid("an empty object", _described(b"{}"), missing("autoMLJobName")),
    invalid(
        "null for what is required",
        _described(b'{"AutoMLJobName": null}'),
        missing("autoMLJobName"),
    ),
    invalid(
        "a member in another case",
        _described(b'{"autoMLJobName": "churn"}'),
        missing("autoMLJobName"),
    ),
    invalid(
        "a prototype",
        _described(b'{"__proto__": {"AutoMLJobName": "churn"}}'),
        missing("autoMLJobName"),
    ),
)

_SIZES = (
    Case(
        "a body of a megabyte and a byte",
        _described(b" " * (1 << 20) + b"{"),
        413,
        "RequestEntityTooLargeException",
        _LARGE := "1 validation error detected: Value at 'body' failed to satisfy constraint: "
        + longest(1 << 20),
    ),
    Case(
        "a form of a megabyte and a byte",
        form_raw("sts", b"a" * ((1 << 20) + 1)),
        413,
        "RequestEntityTooLarge",
        _LARGE,
    ),
    invalid(
        "a name of half a megabyte",
        sagemaker(_DESCRIBE, AutoMLJobName="a" * (1 << 19)),
        broken(f"{'a' * 1024}...", "autoMLJobName", longest(32)),
    ),
    invalid(
        "a hundred thousand tags",
        sagemaker("AddTags", ResourceArn="a" * 2000, Tags=[{}] * 100_000),
        detected(
            value(f"{'a' * 1024}...", "resourceArn", longest(256)),
            value(f"[{'{}, ' * 256}"[:1024] + "...", "tags", longest(50)),
        ),
    ),
)


def _form(name: str, ask: Ask, text: str) -> Case:
    return Case(name, ask, 400, "MalformedInput", text)


_NOT_A_FORM = "The request is not a form in UTF-8 with at most 1000 fields."

_FORMS = (
    _form(
        "a form without an action",
        form_raw("sts", b"Version=2011-06-15"),
        "The request has no field Action, so it names no operation.",
    ),
    _form(
        "an empty form",
        form_raw("iam", b""),
        "The request has no field Action, so it names no operation.",
    ),
    _form(
        "an action that is empty",
        form("sts", ""),
        "The request has no field Action, so it names no operation.",
    ),
    _form(
        "an action with parts",
        form_raw("sts", b"Action.member.1=GetCallerIdentity"),
        "The request has no field Action, so it names no operation.",
    ),
    _form(
        "two actions",
        form_raw("sts", b"Action=GetCallerIdentity&Action=AssumeRole"),
        "The field Action stands twice in the request.",
    ),
    _form(
        "an action in body and query",
        by(
            form("sts", "GetCallerIdentity"),
            sent=replace(form("sts", "GetCallerIdentity").sent, query="Action=AssumeRole"),
        ),
        "The field Action stands twice in the request.",
    ),
    _form("a form that is no UTF-8", form_raw("sts", b"Action=\xff"), _NOT_A_FORM),
    _form("a form of escapes that are no UTF-8", form_raw("sts", b"Action=%FF%FE"), _NOT_A_FORM),
    _form(
        "a form of two thousand fields",
        form_raw("sts", b"Action=AssumeRole&" + b"&".join(b"f%d=1" % i for i in range(2000))),
        _NOT_A_FORM,
    ),
    _form(
        "a field a thousand levels deep",
        form_raw("sts", b"Action=AssumeRole&" + b".".join([b"a"] * 1000) + b"=1"),
        f"The field {'a.' * 100} is nested more than 32 levels deep.",
    ),
    _form(
        "a field that is a value and a structure",
        form_raw("sts", b"Action=AssumeRole&Tags=1&Tags.member.1.Key=a"),
        "The field Tags.member.1.Key stands twice in the request.",
    ),
    _form(
        "a list that is not numbered",
        form("sts", "AssumeRole", **{"Tags.member.x.Key": "a"}),
        "The items at 'tags' must be numbered: tags.member.1, .2 and so on.",
    ),
    _form(
        "a value where a list belongs",
        form("sts", "AssumeRole", Tags="a"),
        "The items at 'tags' must be numbered: tags.member.1, .2 and so on.",
    ),
    _form(
        "words for a number",
        form("sts", "AssumeRole", DurationSeconds="an hour"),
        "'an hour' at 'durationSeconds' can not be converted to an Integer",
    ),
    _form(
        "a number beyond 64 bits",
        form("sts", "AssumeRole", DurationSeconds="9" * 19),
        "The number at 'durationSeconds' is out of range: it must be from -2147483648 to 2147483647.",
    ),
    _form(
        "a number in other digits",
        form("sts", "AssumeRole", DurationSeconds="\u0661\u0662"),
        "'\u0661\u0662' at 'durationSeconds' can not be converted to an Integer",
    ),
    _form(
        "a structure for a string",
        form("sts", "AssumeRole", **{"RoleArn.a": "b"}),
        "A structure can not be converted to a string at 'roleArn'",
    ),
    _form(
        "a null character in a form",
        form("iam", "GetRole", RoleName="a\x00"),
        "The string at 'roleName' holds U+0000, which is not allowed in text.",
    ),
    unknown(
        "an action that there is not",
        form("sts", "DropTables"),
        "'DropTables' is no operation of sts.",
    ),
    unknown(
        "an action of another service", form("sts", "GetRole"), "'GetRole' is no operation of sts."
    ),
    unknown(
        "an action that is not served",
        form("iam", "CreateGroup"),
        "The operation CreateGroup of iam is not served here.",
    ),
    unknown(
        "an action that needs no signature",
        by(form("sts", "AssumeRoleWithWebIdentity"), key=None),
        "The operation AssumeRoleWithWebIdentity of sts is not served here.",
    ),
    unknown(
        "an action of markup", form("sts", "</Code><b>"), "'</Code><b>' is no operation of sts."
    ),
)

CASES = (
    *_TARGETS,
    *_NO_JSON,
    *_NOT_AN_OBJECT,
    *_CONSTANTS,
    *_KEYS,
    *_SIZES,
    *_FORMS,
)
