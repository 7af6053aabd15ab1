"""InvokeEndpoint.

source    autopilot.md 4.1 and 4.2; docs/endpoints.md. What a model says of rows it cannot read is ours: it names row,
          column, and what would be right
"""

from __future__ import annotations

from dataclasses import replace

from hostile.asking import OTHER, OTHER_ACCOUNT, Ask, by, invoke
from hostile.case import Case
from hostile.grammar import broken, longest, pattern

_SEE = (
    "See https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1#logEventViewer:group="
    "/aws/sagemaker/Endpoints/live in account 111122223333 for more information."
)


def _invalid(name: str, ask: Ask, text: str) -> Case:
    return Case(name, ask, 400, "ValidationError", text)


def _absent(name: str, endpoint: str, shown: str) -> Case:
    return _invalid(name, invoke(endpoint), f"Endpoint {shown} of account 111122223333 not found.")


def _bad_name(name: str, endpoint: str) -> Case:
    text = broken(endpoint, "endpointName", pattern("EndpointName", "sagemaker-runtime"))
    return _invalid(name, invoke(endpoint), text)


def _model(name: str, ask: Ask, status: int, message: str) -> Case:
    text = f'Received client error ({status}) from primary with message "{message}". {_SEE}'
    return Case(name, ask, 424, "ModelError", text)


def _rows(name: str, body: bytes, message: str, media: str = "text/csv") -> Case:
    return _model(name, invoke(body=body, content_type=media), 400, message)


def _at_path(path: str) -> Ask:
    ask = invoke()
    return by(ask, sent=replace(ask.sent, path=path))


_TWO = "The model takes rows of 2 values: do, b."
_MEDIA = "Send one of text/csv, application/json, application/jsonlines, in UTF-8."

_ENDPOINTS = (
    _absent("an endpoint that there is not", "absent", "absent"),
    _invalid(
        "somebody else's endpoint",
        by(invoke(), key=OTHER),
        f"Endpoint live of account {OTHER_ACCOUNT} not found.",
    ),
    _invalid(
        "an endpoint elsewhere",
        by(invoke(), region="eu-west-1"),
        "Endpoint live of account 111122223333 not found.",
    ),
    Case(
        "an endpoint that is not up yet",
        invoke("starting"),
        429,
        "ModelNotReadyException",
        "Endpoint starting is Creating; try again once it is InService.",
    ),
    _invalid(
        "an endpoint that failed",
        invoke("broken"),
        "Endpoint broken failed: Production variant AllTraffic could not be started: The artefact is damaged.",
    ),
    _bad_name("an endpoint of a path", "../../etc/passwd"),
    _bad_name("an endpoint of markup", "<img src=x onerror=alert(1)>"),
    _bad_name("an endpoint of SQL", "x'; DROP TABLE resources; --"),
    _bad_name("an endpoint with a line break", "a\r\nX-Injected: 1"),
    _bad_name("an endpoint of another alphabet", "\u05e9\u05dc\u05d5\u05dd"),
    _bad_name("an endpoint of a space", " "),
    _invalid(
        "an endpoint too long", invoke("e" * 64), broken("e" * 64, "endpointName", longest(63))
    ),
    Case(
        "a null byte in a name",
        invoke("a\x00"),
        400,
        "SerializationException",
        "The string at 'endpointName' holds U+0000, which is not allowed in text.",
    ),
    Case(
        "bytes that are no UTF-8 in a name",
        _at_path("/endpoints/%ff%fe/invocations"),
        400,
        "SerializationException",
        "The part EndpointName of the path is not UTF-8.",
    ),
    Case(
        "an answer in pieces",
        _at_path("/endpoints/live/invocations-response-stream"),
        400,
        "UnknownOperationException",
        "The operation InvokeEndpointWithResponseStream of sagemaker-runtime is not served here.",
    ),
    Case(
        "an answer later",
        by(
            _at_path("/endpoints/live/async-invocations"),
            sent=replace(invoke().sent, path="/endpoints/live/async-invocations").with_header(
                "x-amzn-sagemaker-inputlocation", "s3://b/k"
            ),
        ),
        400,
        "UnknownOperationException",
        "The operation InvokeEndpointAsync of sagemaker-runtime is not served here.",
    ),
)


_PATHS = tuple(
    Case(
        name,
        by(_at_path(path), service="sagemaker"),
        400,
        "UnknownOperationException",
        f"POST {path[:200]} names no operation: there is no X-Amz-Target header and the path is none of the runtime's, nor "
        "of our own.",
    )
    for name, path in {
        "no name in the path": "/endpoints//invocations",
        "a slash at the end": "/endpoints/live/invocations/",
        "a path below the operation": "/endpoints/live/invocations/x",
        "dots in the path": "/endpoints/../endpoints/live/invocations",
        "dots after the name": "/endpoints/live/../live/invocations",
        "a slash too many": "//endpoints/live/invocations",
        "capitals in the path": "/Endpoints/live/invocations",
        "escaped slashes": "/endpoints%2flive%2finvocations",
        "a parameter in the path": "/endpoints/live;v=1/invocations;x",
        "a path of eight thousand letters": f"/endpoints/live/{'x' * 8000}",
    }.items()
)

_UNSERVED = {
    "TargetModel": (
        "x_amzn_sagemaker_target_model",
        "m.tar.gz",
        "multi-model endpoints are not served",
    ),
    "TargetContainerHostname": (
        "x_amzn_sagemaker_target_container_hostname",
        "first",
        "direct invocation of a container is not served",
    ),
    "InferenceComponentName": (
        "x_amzn_sagemaker_inference_component",
        "part",
        "inference components are not served",
    ),
    "EnableExplanations": (
        "x_amzn_sagemaker_enable_explanations",
        "`true`",
        "online explanations are not served",
    ),
    "SessionId": ("x_amzn_sagemaker_session_id", "NEW_SESSION", "models keep no sessions"),
}

_HEADERS = (
    _invalid(
        "a variant that there is not",
        invoke(x_amzn_sagemaker_target_variant="B"),
        "Endpoint live has no production variant B. It has: AllTraffic.",
    ),
    _invalid(
        "a variant of markup",
        invoke(x_amzn_sagemaker_target_variant="<b>"),
        broken("<b>", "targetVariant", pattern("TargetVariantHeader", "sagemaker-runtime")),
    ),
    _invalid(
        "a variant too long",
        invoke(x_amzn_sagemaker_target_variant="v" * 64),
        broken("v" * 64, "targetVariant", longest(63)),
    ),
    _invalid(
        "an identifier too long",
        invoke(x_amzn_sagemaker_inference_id="i" * 65),
        broken("i" * 65, "inferenceId", longest(64)),
    ),
    _invalid(
        "a content type too long",
        invoke(content_type="t" * 1025),
        broken("t" * 1024 + "...", "contentType", longest(1024)),
    ),
    _invalid(
        "an Accept too long",
        invoke(accept="a" * 1025),
        broken("a" * 1024 + "...", "accept", longest(1024)),
    ),
    _invalid(
        "attributes too long",
        invoke(x_amzn_sagemaker_custom_attributes="a" * 1025),
        "1 validation error detected: Value at 'customAttributes' failed to satisfy constraint: "
        + longest(1024),
    ),
    *(
        _invalid(
            f"the member {member}",
            invoke(**{header: text}),
            f"The member '{member}' cannot be honoured: {why}.",
        )
        for member, (header, text, why) in _UNSERVED.items()
    ),
)

_BODIES = (
    _invalid(
        "a body of six megabytes and a byte",
        invoke(body=b"1" * 6_291_457),
        "1 validation error detected: Value at 'body' failed to satisfy constraint: "
        + longest(6_291_456),
    ),
    _model(
        "a picture",
        invoke(body=b"\x89PNG\r\n", content_type="image/png"),
        415,
        f"Content type 'image/png' is not supported. {_MEDIA}",
    ),
    _model(
        "rows in Latin-1",
        invoke(content_type="text/csv; charset=iso-8859-1"),
        415,
        f"Content type 'text/csv; charset=iso-8859-1' is not supported. {_MEDIA}",
    ),
    _model(
        "a form",
        invoke(content_type="application/x-www-form-urlencoded"),
        415,
        f"Content type 'application/x-www-form-urlencoded' is not supported. {_MEDIA}",
    ),
    _model(
        "a content type of markup",
        invoke(content_type="text/<b>"),
        415,
        f"Content type 'text/<b>' is not supported. {_MEDIA}",
    ),
    _model(
        "an answer as a picture",
        invoke(accept="image/png"),
        406,
        "Accept type 'image/png' is not supported.",
    ),
    _model(
        "an answer that nobody wants",
        invoke(accept="text/csv;q=0"),
        406,
        "Accept type 'text/csv;q=0' is not supported.",
    ),
    _rows("no rows", b"", f"The request body is empty. {_TWO}"),
    _rows("blank rows", b"\n\n \n", f"The request body is empty. {_TWO}"),
    _rows(
        "bytes that are no UTF-8",
        b"1,\xff\n",
        "The request body is not valid UTF-8: byte 2 is 0xff (invalid start byte).",
    ),
    _rows("a cell too few", b"1,2\n3\n", f"Row 2 has 1 values. {_TWO}"),
    _rows("the target too", b"1,2,3\n", f"Row 1 has 3 values. Leave out the target 'y'. {_TWO}"),
    _rows(
        "a quote without an end",
        b'1,"2\n',
        'The request body is not valid CSV near line 1: unexpected end of data. A field with quotes in it must be quoted, and its quotes doubled: "so ""quoted"" here".',
    ),
    _rows(
        "half a document",
        b'{"instances": [[1, 2]',
        "The request body is not valid JSON: Expecting ',' delimiter: line 1 column 22 (char 21).",
        "application/json",
    ),
    _rows(
        "a document of words",
        b'"x"',
        f'The request body must be a list of rows, one row, or an object {{"instances": [rows]}}. {_TWO}',
        "application/json",
    ),
    _rows(
        "a document of a hundred thousand lists",
        b"[" * 100_000,
        "The request body is not valid JSON: it is nested too deeply.",
        "application/json",
    ),
    _rows(
        "a row that is a number",
        b"[[1, 2], 3]",
        f"Row 2 must be a list of values or an object by column name. {_TWO}",
        "application/json",
    ),
    _rows(
        "a column that there is not",
        b'[{"do": 1, "<b>": 2}]',
        f"Row 1 has a column '<b>' that the model does not take. {_TWO}",
        "application/json",
    ),
    _rows(
        "true in a cell",
        b"[[true, 2]]",
        "The value of row 1, column 'do' is true, which training data spell in several ways: send it as a string, spelled as there, e.g. \"True\".",
        "application/json",
    ),
    _rows(
        "a list in a cell",
        b"[[[1], 2]]",
        "The value of row 1, column 'do' must be a string, a number or null, not a list.",
        "application/json",
    ),
    _rows(
        "an object in a cell",
        b'[{"do": {"$gt": ""}, "b": 1}]',
        "The value of row 1, column 'do' must be a string, a number or null, not an object.",
        "application/json",
    ),
    _rows(
        "a line of words",
        b"[1, 2]\nx\n",
        "Row 2 is not valid JSON: Expecting value: line 1 column 1 (char 0).",
        "application/jsonlines",
    ),
    Case(
        "a row that breaks the model",
        invoke(body=b"fail:secret,2\n"),
        424,
        "ModelError",
        f'Received server error (500) from primary with message "The model failed: ZeroDivisionError.". {_SEE}',
    ),
)

CASES = (*_ENDPOINTS, *_PATHS, *_HEADERS, *_BODIES)
