"""Errors as AWS answers them: the one table from error class to code and status, looked up along the class tree.

What is no WindvaneError, or has no entry, is our own fault: 500 InternalFailure, and nothing of the inside.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache
from typing import Any

from windvane import errors
from windvane.wire import unserved
from windvane.wire.cbor import write_map, write_text
from windvane.wire.codec import CBOR_PROTOCOL, CBOR_TYPE, JSON_TYPE, XML_TYPE, Answer
from windvane.wire.model import Protocol, Route, load_service
from windvane.wire.open_inference.refusals import encode_refusal
from windvane.wire.querybody import element, text


class Dialect(Enum):
    """The names of errors; each service speaks one dialect."""

    CONTROL = auto()
    OWN = auto()
    LOGS = auto()
    KMS = auto()
    SCALING = auto()
    RUNTIME = auto()
    QUERY = auto()
    S3 = auto()
    EC2 = auto()
    CBOR = auto()
    CLOUDWATCH_CBOR = auto()
    CLOUDWATCH_JSON = auto()
    CLOUDWATCH_QUERY = auto()
    OPEN_INFERENCE = auto()


_CLOUDWATCH: Mapping[Protocol, Dialect] = {
    Protocol.CBOR: Dialect.CLOUDWATCH_CBOR,
    Protocol.JSON: Dialect.CLOUDWATCH_JSON,
    Protocol.QUERY: Dialect.CLOUDWATCH_QUERY,
}
"""The codes are those of the query protocol in all three: the service calls itself compatible with it."""

DIALECTS: Mapping[str, Dialect] = {
    "sagemaker": Dialect.CONTROL,
    "windvane": Dialect.OWN,
    "logs": Dialect.LOGS,
    "kms": Dialect.KMS,
    "application-autoscaling": Dialect.SCALING,
    "cloudtrail": Dialect.CONTROL,
    "sagemaker-runtime": Dialect.RUNTIME,
    "sts": Dialect.QUERY,
    "iam": Dialect.QUERY,
    "s3": Dialect.S3,
    unserved.QUERY: Dialect.QUERY,
    unserved.EC2: Dialect.EC2,
    unserved.JSON: Dialect.CONTROL,
    unserved.REST_JSON: Dialect.RUNTIME,
    unserved.CBOR: Dialect.CBOR,
    **{f"cloudwatch in {protocol.value}": dialect for protocol, dialect in _CLOUDWATCH.items()},
    "cloudwatch": Dialect.CLOUDWATCH_CBOR,
    **{
        f"{service} in {Protocol.OPEN_INFERENCE.value}": Dialect.OPEN_INFERENCE
        for service in ("sagemaker-runtime", "windvane")
    },
}


def speech_of(found: Route) -> str:
    """Return how the errors of a request are told, as `DIALECTS` knows it."""
    return found.service if found.protocol is None else f"{found.service} in {found.protocol.value}"


@dataclass(frozen=True)
class Fault:
    code: str
    status: int


OURS = "The request processing has failed because of an unknown error, exception or failure."
INTERNAL = Fault("InternalFailure", 500)
_INTERNAL_S3 = Fault("InternalError", 500)

_Row = Mapping[Dialect, Fault]


def _row(
    control: Fault,
    runtime: Fault,
    query: Fault,
    s3: Fault,
    logs: Fault | None = None,
    kms: Fault | None = None,
    scaling: Fault | None = None,
    cloudwatch: Fault | None = None,
) -> _Row:
    return {
        Dialect.CONTROL: control,
        Dialect.OWN: control,
        Dialect.LOGS: logs or control,
        Dialect.KMS: kms or control,
        Dialect.SCALING: scaling or control,
        Dialect.RUNTIME: runtime,
        Dialect.OPEN_INFERENCE: runtime,
        Dialect.QUERY: query,
        Dialect.S3: s3,
        Dialect.EC2: query,
        Dialect.CBOR: control,
        **dict.fromkeys(_CLOUDWATCH.values(), cloudwatch or query),
    }


def _of_key(code: str) -> _Row:
    """Return an encryption key cannot be used: S3 passes KMS's own code on, others call it a fault of the request."""
    invalid = Fault("ValidationException", 400)
    runtime, query = Fault("ValidationError", 400), Fault("ValidationError", 400)
    return _row(invalid, runtime, query, Fault(f"KMS.{code}", 400), kms=Fault(code, 400))


def _everywhere(fault: Fault) -> _Row:
    return dict.fromkeys(Dialect, fault)


def _in_query(code: str, status: int) -> _Row:
    """Return what only IAM and STS answer; elsewhere it is a bad request."""
    bad = Fault("ValidationException", 400)
    return _row(bad, bad, Fault(code, status), Fault("InvalidRequest", 400))


TABLE: Mapping[type[Exception], _Row] = {
    errors.CallerFault: _row(
        Fault("ValidationException", 400),
        Fault("ValidationError", 400),
        Fault("ValidationError", 400),
        Fault("InvalidRequest", 400),
        Fault("InvalidParameterException", 400),
    ),
    errors.InvalidLookup: _everywhere(Fault("InvalidLookupAttributesException", 400)),
    errors.InvalidTimeRange: _everywhere(Fault("InvalidTimeRangeException", 400)),
    errors.InvalidPageToken: {
        **_everywhere(Fault("InvalidNextTokenException", 400)),
        **dict.fromkeys(_CLOUDWATCH.values(), Fault("InvalidNextToken", 400)),
    },
    errors.NotFound: _row(
        Fault("ResourceNotFound", 400),
        Fault("ValidationError", 400),
        Fault("NoSuchEntity", 404),
        Fault("NoSuchKey", 404),
        Fault("ResourceNotFoundException", 400),
        Fault("NotFoundException", 400),
        Fault("ObjectNotFoundException", 400),
        Fault("ResourceNotFound", 404),
    ),
    errors.ScalingResourceMissing: _everywhere(Fault("ResourceNotFoundException", 400)),
    errors.AlarmTagsMissing: _everywhere(Fault("ResourceNotFoundException", 404)),
    errors.MalformedReason: _everywhere(Fault("InvalidFormat", 400)),
    errors.TooManyTags: _everywhere(Fault("TooManyTagsException", 400)),
    errors.KeyMissing: _of_key("NotFoundException"),
    errors.KeyDisabled: _of_key("DisabledException"),
    errors.KeyInvalidState: _of_key("KMSInvalidStateException"),
    errors.BadCiphertext: _of_key("InvalidCiphertextException"),
    errors.IncorrectKey: _of_key("IncorrectKeyException"),
    errors.NameTaken: _row(
        Fault("ResourceInUse", 400),
        Fault("ValidationError", 400),
        Fault("EntityAlreadyExists", 409),
        Fault("BucketAlreadyExists", 409),
        Fault("ResourceAlreadyExistsException", 400),
        Fault("AlreadyExistsException", 400),
    ),
    errors.LimitExceeded: _row(
        Fault("ResourceLimitExceeded", 400),
        Fault("ValidationError", 400),
        Fault("LimitExceeded", 409),
        Fault("InvalidRequest", 400),
        Fault("LimitExceededException", 400),
        Fault("LimitExceededException", 400),
        Fault("LimitExceededException", 400),
        Fault("LimitExceeded", 400),
    ),
    errors.MalformedPolicy: _in_query("MalformedPolicyDocument", 400),
    errors.PackedPolicyTooLarge: _in_query("PackedPolicyTooLarge", 400),
    errors.InUse: _in_query("DeleteConflict", 409),
    errors.Unmodifiable: _in_query("UnmodifiableEntity", 400),
    errors.AccessDenied: _row(
        Fault("AccessDeniedException", 400),
        Fault("AccessDeniedException", 403),
        Fault("AccessDenied", 403),
        Fault("AccessDenied", 403),
    ),
    errors.MissingToken: _row(
        Fault("MissingAuthenticationTokenException", 400),
        Fault("MissingAuthenticationTokenException", 403),
        Fault("MissingAuthenticationToken", 403),
        Fault("AccessDenied", 403),
    ),
    errors.UnknownKey: _row(
        Fault("UnrecognizedClientException", 400),
        Fault("UnrecognizedClientException", 403),
        Fault("InvalidClientTokenId", 403),
        Fault("InvalidAccessKeyId", 403),
    ),
    errors.Unauthenticated: _row(
        Fault("InvalidSignatureException", 400),
        Fault("InvalidSignatureException", 403),
        Fault("SignatureDoesNotMatch", 403),
        Fault("SignatureDoesNotMatch", 403),
    ),
    errors.IncompleteSignature: _row(
        Fault("IncompleteSignatureException", 400),
        Fault("IncompleteSignatureException", 403),
        Fault("IncompleteSignature", 400),
        Fault("AuthorizationHeaderMalformed", 400),
    ),
    errors.IncompleteLink: _row(
        Fault("IncompleteSignatureException", 400),
        Fault("IncompleteSignatureException", 403),
        Fault("IncompleteSignature", 400),
        Fault("AuthorizationQueryParametersError", 400),
    ),
    errors.Expired: _row(
        Fault("ExpiredTokenException", 400),
        Fault("ExpiredTokenException", 403),
        Fault("ExpiredToken", 403),
        Fault("ExpiredToken", 400),
    ),
    errors.ClockSkew: _row(
        Fault("InvalidSignatureException", 400),
        Fault("InvalidSignatureException", 403),
        Fault("SignatureDoesNotMatch", 403),
        Fault("RequestTimeTooSkewed", 403),
    ),
    errors.LinkExpired: _row(
        Fault("RequestExpired", 400),
        Fault("RequestExpired", 403),
        Fault("RequestExpired", 400),
        Fault("AccessDenied", 403),
    ),
    errors.UnknownOperation: _everywhere(Fault("UnknownOperationException", 400)),
    errors.UnservedService: _row(
        Fault("UnknownOperationException", 400),
        Fault("UnknownOperationException", 400),
        Fault("InvalidAction", 400),
        Fault("InvalidRequest", 400),
    ),
    errors.Malformed: _row(
        Fault("SerializationException", 400),
        Fault("SerializationException", 400),
        Fault("MalformedInput", 400),
        Fault("InvalidRequest", 400),
    ),
    errors.TooLarge: _row(
        Fault("RequestEntityTooLargeException", 413),
        Fault("ValidationError", 400),
        Fault("RequestEntityTooLarge", 413),
        Fault("EntityTooLarge", 400),
    ),
    errors.TooSlow: _row(
        Fault("RequestTimeoutException", 408),
        Fault("RequestTimeoutException", 408),
        Fault("RequestTimeout", 408),
        Fault("RequestTimeout", 400),
    ),
    errors.Throttled: _row(
        Fault("ThrottlingException", 400),
        Fault("ThrottlingException", 429),
        Fault("Throttling", 400),
        Fault("SlowDown", 503),
    ),
    errors.StoreUnusable: _everywhere(Fault("ServiceUnavailable", 503)),
    errors.EndpointMissing: _everywhere(Fault("ValidationError", 400)),
    errors.ModelNotReady: _everywhere(Fault("ModelNotReadyException", 429)),
    errors.ModelFault: _everywhere(Fault("ModelError", 424)),
}


def fault_of(error: Exception, service: str) -> Fault | None:
    """Return the code and status of an error in the words of `service`; None if it is our own fault."""
    dialect = DIALECTS[service]
    return next((TABLE[kind][dialect] for kind in type(error).__mro__ if kind in TABLE), None)


def s3_refusal(error: Exception) -> tuple[int, str]:
    """Status and code of an error in S3's words."""
    fault = fault_of(error, "s3") or _INTERNAL_S3
    return fault.status, fault.code


def is_ours(error: Exception, service: str) -> bool:
    """Return whether the fault is ours, so that the caller can do nothing about it."""
    fault = fault_of(error, service)
    return fault is None or fault.status >= INTERNAL.status


def encode_fault(error: Exception, service: str, request_id: str) -> Answer:
    """Return the answer to a request that failed with `error`."""
    fault = fault_of(error, service)
    sentence = OURS if fault is None else str(error)
    return _ENCODERS[DIALECTS[service]](error, fault or INTERNAL, sentence, request_id)


def _encode_json(_: Exception, fault: Fault, sentence: str, request_id: str) -> Answer:
    body = {"__type": fault.code, "message": sentence, "Message": sentence}
    return Answer(
        fault.status,
        (("x-amzn-requestid", request_id), ("content-type", JSON_TYPE)),
        _json(body),
    )


def _encode_rest(error: Exception, fault: Fault, sentence: str, request_id: str) -> Answer:
    body: dict[str, Any] = {"__type": fault.code, "message": sentence, "Message": sentence}
    if isinstance(error, errors.ModelFault):
        body |= {
            "OriginalStatusCode": error.status,
            "OriginalMessage": error.message,
            "LogStreamArn": error.log_group,
        }
    headers = (
        ("x-amzn-requestid", request_id),
        ("x-amzn-errortype", fault.code),
        ("content-type", "application/json"),
    )
    return Answer(fault.status, headers, _json(body))


def _json(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body).encode()


def _encode_query(_: Exception, fault: Fault, sentence: str, request_id: str) -> Answer:
    side = "Sender" if fault.status < 500 else "Receiver"
    inner = element("Type", side) + element("Code", fault.code) + element("Message", text(sentence))
    body = f"<ErrorResponse>{element('Error', inner)}{element('RequestId', text(request_id))}</ErrorResponse>"
    return Answer(
        fault.status, (("x-amzn-requestid", request_id), ("content-type", XML_TYPE)), body.encode()
    )


def _encode_s3(_: Exception, fault: Fault, sentence: str, request_id: str) -> Answer:
    code = _INTERNAL_S3.code if fault is INTERNAL else fault.code
    inner = element("Code", code) + element("Message", text(sentence))
    body = '<?xml version="1.0" encoding="UTF-8"?>\n' + element(
        "Error", inner + element("RequestId", text(request_id))
    )
    headers = (("x-amz-request-id", request_id), ("content-type", "application/xml"))
    return Answer(fault.status, headers, body.encode())


def _encode_ec2(_: Exception, fault: Fault, sentence: str, request_id: str) -> Answer:
    inner = element("Code", fault.code) + element("Message", text(sentence))
    listed = element("Errors", element("Error", inner))
    body = '<?xml version="1.0" encoding="UTF-8"?>\n' + element(
        "Response", listed + element("RequestID", text(request_id))
    )
    headers = (("x-amzn-requestid", request_id), ("content-type", XML_TYPE))
    return Answer(fault.status, headers, body.encode())


def _encode_cbor(_: Exception, fault: Fault, sentence: str, request_id: str) -> Answer:
    """Encode an error in CBOR.

    source    Smithy's RPC v2 CBOR protocol
    """
    return _in_cbor(fault.status, fault.code, sentence, request_id)


def _in_cbor(
    status: int, name: str, sentence: str, request_id: str, *more: tuple[str, str]
) -> Answer:
    body = write_map({"__type": write_text(name), "message": write_text(sentence)})
    headers = (("x-amzn-requestid", request_id), CBOR_PROTOCOL, ("content-type", CBOR_TYPE), *more)
    return Answer(status, headers, body)


def _encode_cloudwatch_cbor(_: Exception, fault: Fault, sentence: str, request_id: str) -> Answer:
    name, header = _compatible(fault)
    return _in_cbor(fault.status, name, sentence, request_id, header)


def _encode_cloudwatch_json(_: Exception, fault: Fault, sentence: str, request_id: str) -> Answer:
    name, header = _compatible(fault)
    body = _json({"__type": name, "message": sentence, "Message": sentence})
    kind = ("content-type", "application/x-amz-json-1.0")
    return Answer(fault.status, (("x-amzn-requestid", request_id), kind, header), body)


def _compatible(fault: Fault) -> tuple[str, tuple[str, str]]:
    """Return the name of an error's shape, and the header that tells its code in the query protocol.

    source    the trait awsQueryCompatible of Smithy's AWS protocols
    """
    side = "Sender" if fault.status < 500 else "Receiver"
    return _shape_names().get(fault.code, fault.code), (
        "x-amzn-query-error",
        f"{fault.code};{side}",
    )


def _encode_open_inference(
    error: Exception, fault: Fault, sentence: str, request_id: str
) -> Answer:
    return encode_refusal(error, fault.status, sentence, request_id)


@cache
def _shape_names() -> Mapping[str, str]:
    shapes = load_service("cloudwatch").model.error_shapes
    return {shape.error_code: shape.name for shape in shapes}


_ENCODERS = {
    Dialect.CONTROL: _encode_json,
    Dialect.OWN: _encode_rest,
    Dialect.LOGS: _encode_json,
    Dialect.KMS: _encode_json,
    Dialect.SCALING: _encode_json,
    Dialect.RUNTIME: _encode_rest,
    Dialect.QUERY: _encode_query,
    Dialect.S3: _encode_s3,
    Dialect.EC2: _encode_ec2,
    Dialect.CBOR: _encode_cbor,
    Dialect.CLOUDWATCH_CBOR: _encode_cloudwatch_cbor,
    Dialect.CLOUDWATCH_JSON: _encode_cloudwatch_json,
    Dialect.CLOUDWATCH_QUERY: _encode_query,
    Dialect.OPEN_INFERENCE: _encode_open_inference,
}
