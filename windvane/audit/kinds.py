"""Which requests are recorded, and how: read or change, management or data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache

from windvane.wire.call import RequestRecord

_READS = (
    "Get",
    "List",
    "Describe",
    "Head",
    "Lookup",
    "Search",
    "Filter",
    "Preview",
    "Follow",
    "Explain",
    "Evaluate",
    "Simulate",
)
_READ_OPERATIONS = frozenset(
    {
        "AssumeRole",
        "Decrypt",
        "Encrypt",
        "GenerateDataKey",
        "GenerateDataKeyWithoutPlaintext",
        "ReEncrypt",
    }
)
_OBJECTS = ("Object", "Upload", "Part")
_REFUSALS = frozenset(
    {
        *("AccessDenied", "AccessDeniedException", "UnauthorizedOperation"),
        *("UnrecognizedClientException", "InvalidClientTokenId", "InvalidAccessKeyId"),
        *("InvalidSignatureException", "SignatureDoesNotMatch", "IncompleteSignatureException"),
        *("IncompleteSignature", "AuthorizationHeaderMalformed", "RequestTimeTooSkewed"),
        *("AuthorizationQueryParametersError", "ExpiredTokenException", "ExpiredToken"),
        *("MissingAuthenticationTokenException", "MissingAuthenticationToken", "RequestExpired"),
        *("ThrottlingException", "Throttling", "SlowDown", "TooManyRequestsException"),
    }
)
"""Codes of requests that were turned away for who sent them, or how many they were."""


class Writing(Enum):
    """The ways of writing a record.

    NOT_AT_ALL    it leaves no record
    SOON             it is written within a second, and nobody waits for it
    BEFORE_ANSWER    it is on the disk before its caller learns of it
    """

    NOT_AT_ALL = auto()
    SOON = auto()
    BEFORE_ANSWER = auto()


@dataclass(frozen=True)
class Recording:
    """The events that are recorded ([audit] of the configuration).

    invocations    InvokeEndpoint and its kin
    objects        what reads or writes objects of S3
    reads          operations that change nothing
    """

    invocations: bool = False
    objects: bool = False
    reads: bool = True

    def of(self, record: RequestRecord) -> Writing:
        """Return how a request is recorded whose answer is about to begin."""
        if record.error_code:
            return self._of_failure(record)
        if is_data_event(record.service, record.operation):
            wanted = self.objects if record.service == "s3" else self.invocations
            return Writing.SOON if wanted else Writing.NOT_AT_ALL
        if is_read(record.service, record.operation):
            return Writing.SOON if self.reads else Writing.NOT_AT_ALL
        return Writing.BEFORE_ANSWER

    def _of_failure(self, record: RequestRecord) -> Writing:
        if record.error_code in _REFUSALS or record.caller is None:
            return Writing.SOON
        is_data = is_data_event(record.service, record.operation)
        wanted = self.objects if record.service == "s3" else self.invocations
        return Writing.SOON if wanted or not is_data else Writing.NOT_AT_ALL


@lru_cache(maxsize=1024)
def is_data_event(service: str, operation: str) -> bool:
    """Return whether CloudTrail counts an operation to the data events."""
    if service == "sagemaker-runtime":
        return True
    is_of_objects = any(part in operation for part in _OBJECTS) and "ObjectLock" not in operation
    return service == "s3" and (is_of_objects or operation.isupper())


@lru_cache(maxsize=1024)
def is_read(service: str, operation: str) -> bool:
    """Return whether an operation changes nothing."""
    if service == "sagemaker-runtime":
        return True
    return operation in _READ_OPERATIONS or operation.startswith(_READS) or not operation


def is_refusal(code: str) -> bool:
    """Return whether a code of an error tells that the caller was turned away."""
    return code in _REFUSALS
