"""Who calls cannot be established.

source    codes: autopilot.md 1.2; texts: the words of AWS's services, which are the same in all regions
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hostile.asking import (
    ACCOUNT,
    NOW,
    OTHER,
    OWNER,
    SESSION_SECRET,
    Ask,
    authorization,
    body_is,
    by,
    form,
    header_gone,
    header_is,
    invoke,
    path_is,
    query_is,
    s3,
    sagemaker,
)
from hostile.case import Case, unknown
from hostile.signing import Key

from windvane.api.keyring import KeyRing
from windvane.names import default_role

_LIST = sagemaker("ListModels")

_WHO = form("sts", "GetCallerIdentity")

_GET = s3("GET", "/data/train/part-0.csv")

_PRESIGNED = by(_LIST, expires="900")

_LINK = by(_GET, expires="900")

_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)

_MISMATCH_S3 = "The request signature we calculated does not match the signature you provided. Check your key and signing method."

_INVALID_TOKEN = "The security token included in the request is invalid."

_WRONG = replace(OWNER, secret="another")

_NOBODY = Key("AKIANOBODY", "secret")


def _session(seconds: int) -> Key:
    ring = KeyRing([(ACCOUNT, OWNER.access_key, OWNER.secret)], SESSION_SECRET)
    owner = ring.credential(OWNER.access_key, "", NOW)
    assert owner is not None
    lifetime = timedelta(seconds=seconds)
    keys = ring.issue(default_role(ACCOUNT), "hostile", lifetime, NOW, owner)
    return Key(keys.access_key, keys.secret_key, keys.session_token)


_SESSION = _session(900)


def _mismatch(name: str, ask: Ask) -> Case:
    return Case(name, ask, 400, "InvalidSignatureException", _MISMATCH)


def _bad(name: str, ask: Ask, text: str) -> Case:
    return Case(name, ask, 400, "InvalidSignatureException", text)


def _incomplete(name: str, ask: Ask, text: str) -> Case:
    return Case(name, ask, 400, "IncompleteSignatureException", text)


def _unrecognized(name: str, key: Key) -> Case:
    return Case(name, by(_LIST, key=key), 400, "UnrecognizedClientException", _INVALID_TOKEN)


def _then(ask: Ask, *changes: object) -> Ask:
    return by(ask, then=changes)


_UNSIGNED = (
    Case(
        "no signature",
        by(_LIST, key=None),
        400,
        "MissingAuthenticationTokenException",
        "Missing Authentication Token",
    ),
    Case(
        "no signature, runtime",
        by(invoke(), key=None),
        403,
        "MissingAuthenticationTokenException",
        "Missing Authentication Token",
    ),
    Case(
        "no signature, STS",
        by(_WHO, key=None),
        403,
        "MissingAuthenticationToken",
        "Request is missing Authentication Token",
    ),
    Case("no signature, S3", by(_GET, key=None), 403, "AccessDenied", "Access Denied"),
    Case(
        "a signature of the second version in the query",
        by(s3("GET", "/data/train/part-0.csv", "AWSAccessKeyId=A&Expires=1&Signature=s"), key=None),
        403,
        "AccessDenied",
        "Request has expired",
    ),
)

_KEYS = (
    _unrecognized("an unknown access key", _NOBODY),
    Case(
        "an unknown key, runtime",
        by(invoke(), key=_NOBODY),
        403,
        "UnrecognizedClientException",
        _INVALID_TOKEN,
    ),
    Case("an unknown key, STS", by(_WHO, key=_NOBODY), 403, "InvalidClientTokenId", _INVALID_TOKEN),
    Case(
        "an unknown key, S3",
        by(_GET, key=_NOBODY),
        403,
        "InvalidAccessKeyId",
        "The AWS Access Key Id you provided does not exist in our records.",
    ),
    _unrecognized("an access key of quotes and markup", Key("'\"<b>&", "secret")),
    _mismatch("a wrong secret", by(_LIST, key=_WRONG)),
    _mismatch("the secret of another account", by(_LIST, key=replace(OWNER, secret=OTHER.secret))),
    _mismatch("an empty secret", by(_LIST, key=replace(OWNER, secret=""))),
    Case(
        "a wrong secret, runtime",
        by(invoke(), key=_WRONG),
        403,
        "InvalidSignatureException",
        _MISMATCH,
    ),
    Case("a wrong secret, STS", by(_WHO, key=_WRONG), 403, "SignatureDoesNotMatch", _MISMATCH),
    Case("a wrong secret, S3", by(_GET, key=_WRONG), 403, "SignatureDoesNotMatch", _MISMATCH_S3),
)

_TAMPERED = (
    _mismatch("another body", _then(_LIST, body_is(b'{"MaxResults": 1}'))),
    _mismatch(
        "another operation", _then(_LIST, header_is("x-amz-target", "SageMaker.ListEndpoints"))
    ),
    Case(
        "another endpoint",
        _then(invoke(), path_is("/endpoints/other/invocations")),
        403,
        "InvalidSignatureException",
        _MISMATCH,
    ),
    _mismatch("another host", _then(_LIST, header_is("host", "elsewhere.test"))),
    _mismatch("another content type", _then(_LIST, header_is("content-type", "text/plain"))),
    _mismatch("another region in the scope", _then(_LIST, authorization("us-east-1", "eu-west-1"))),
    _mismatch(
        "another access key", _then(_LIST, authorization(OWNER.access_key, OTHER.access_key))
    ),
    _mismatch("a signed header less", _then(_LIST, authorization("content-type;", ""))),
    _mismatch(
        "a signature of letters that are none",
        _then(_LIST, authorization("Signature=", "Signature=\xff\xe9")),
    ),
    _mismatch(
        "the signature in capitals", _then(_LIST, authorization("Signature=", "Signature=AB"))
    ),
    _bad(
        "a header that was not signed",
        _then(_LIST, header_is("x-amz-meta-extra", "1")),
        "There were headers present in the request which were not signed: x-amz-meta-extra",
    ),
    _bad(
        "a session token that was not signed",
        _then(_LIST, header_is("x-amz-security-token", _SESSION.token)),
        "There were headers present in the request which were not signed: x-amz-security-token",
    ),
    Case(
        "another object",
        _then(_GET, path_is("/data/model")),
        403,
        "SignatureDoesNotMatch",
        _MISMATCH_S3,
    ),
    Case(
        "another object in a link",
        _then(_LINK, path_is("/data/model")),
        403,
        "SignatureDoesNotMatch",
        _MISMATCH_S3,
    ),
    Case(
        "more time in a link",
        _then(_LINK, query_is("X-Amz-Expires=900", "X-Amz-Expires=901")),
        403,
        "SignatureDoesNotMatch",
        _MISMATCH_S3,
    ),
    Case(
        "another use of a link",
        _then(_LINK, lambda sent: replace(sent, method="DELETE")),
        403,
        "SignatureDoesNotMatch",
        _MISMATCH_S3,
    ),
    _mismatch(
        "a parameter more in the query",
        _then(_PRESIGNED, query_is("X-Amz-Date", "Action=X&X-Amz-Date")),
    ),
)

_TIMES = (
    _bad(
        "signed sixteen minutes ago",
        by(_LIST, at=NOW - timedelta(minutes=16)),
        "Signature expired: 20261101T114400Z is now earlier than 20261101T114500Z (20261101T120000Z - 15 min.)",
    ),
    _bad(
        "signed in sixteen minutes",
        by(_LIST, at=NOW + timedelta(minutes=16)),
        "Signature not yet current: 20261101T121600Z is still later than 20261101T121500Z "
        "(20261101T120000Z + 15 min.)",
    ),
    Case(
        "signed yesterday, S3",
        by(_GET, at=NOW - timedelta(days=1)),
        403,
        "RequestTimeTooSkewed",
        "The difference between the request time and the current time is too large.",
    ),
    Case(
        "signed tomorrow, S3",
        by(_GET, at=NOW + timedelta(days=1)),
        403,
        "RequestTimeTooSkewed",
        "The difference between the request time and the current time is too large.",
    ),
    Case(
        "a link that is over",
        by(_LINK, at=NOW - timedelta(seconds=901)),
        403,
        "AccessDenied",
        "Request has expired",
    ),
    Case(
        "a presigned call that is over",
        by(_PRESIGNED, at=NOW - timedelta(seconds=901)),
        400,
        "RequestExpired",
        "Request has expired",
    ),
    _bad(
        "another day in the scope",
        _then(_LIST, authorization("/20261101/", "/20261031/")),
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20261031' != "
        "'20261101', from '20261101T120000Z'.",
    ),
    *(
        _incomplete(
            f"the date is {date!r}",
            _then(_LIST, header_is("x-amz-date", date)),
            f"Date must be in ISO-8601 'basic format'. Got '{date}'. See http://en.wikipedia.org/wiki/ISO_8601",
        )
        for date in ("yesterday", "20261301T000000Z", "2026-11-01", "<script>", "99999999T999999Z")
    ),
)

_MALFORMED = (
    _incomplete(
        "an algorithm that is none",
        _then(_LIST, authorization("AWS4-HMAC-SHA256", "AWS4-HMAC-MD5")),
        "Unsupported AWS 'algorithm': 'AWS4-HMAC-MD5'.",
    ),
    _incomplete(
        "a bearer token",
        _then(_LIST, header_is("authorization", "Bearer eyJhbGciOiJub25lIn0.e30.")),
        "Unsupported AWS 'algorithm': 'Bearer'.",
    ),
    _incomplete(
        "a password",
        _then(_LIST, header_is("authorization", "Basic YWRtaW46YWRtaW4=")),
        "Unsupported AWS 'algorithm': 'Basic'.",
    ),
    _incomplete(
        "nothing but words",
        _then(_LIST, header_is("authorization", "AWS4-HMAC-SHA256 nonsense")),
        "'nonsense' not a valid key=value pair (missing equal-sign) in Authorization header.",
    ),
    _incomplete(
        "no signature in the header",
        _then(_LIST, authorization("Signature=", "Sign=")),
        "Authorization header requires 'Signature' parameter.",
    ),
    _incomplete(
        "nothing in the header",
        _then(_LIST, header_is("authorization", "AWS4-HMAC-SHA256 a=b")),
        "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. "
        "Authorization header requires 'SignedHeaders' parameter.",
    ),
    _incomplete(
        "no date",
        _then(_LIST, header_gone("x-amz-date")),
        "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
    ),
    Case(
        "two credentials, of which the first leads elsewhere",
        by(
            _then(
                _LIST,
                authorization(
                    "Credential=", "Credential=A/20261101/us-east-1/iam/aws4_request, Credential="
                ),
            ),
            service="iam",
        ),
        400,
        "IncompleteSignature",
        "'Credential' stands twice in the Authorization header.",
    ),
    _incomplete(
        "two signatures",
        _then(_LIST, authorization("Signature=", "Signature=0, Signature=")),
        "'Signature' stands twice in the Authorization header.",
    ),
    _incomplete(
        "a credential of four parts",
        _then(_LIST, authorization("/aws4_request", "")),
        "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/aws4_request, got "
        "'AKIAOWNER/20261101/us-east-1/sagemaker'.",
    ),
    _bad(
        "a region of markup",
        by(_LIST, region="<b>"),
        "Credential should be scoped to a valid region, not '<b>'.",
    ),
    _bad(
        "a region of dots",
        by(_LIST, region=".."),
        "Credential should be scoped to a valid region, not '..'.",
    ),
    _bad(
        "the host is not signed",
        _then(_LIST, authorization("host;", "")),
        "'Host' must be a 'SignedHeader' in the AWS Authorization, in lower case.",
    ),
    _bad(
        "a signed header with a space",
        _then(_LIST, authorization("host;", "host;x y;")),
        "'Host' must be a 'SignedHeader' in the AWS Authorization, in lower case.",
    ),
    unknown(
        "the scope of a service that is not served",
        by(_LIST, scope="ec2"),
        "The service 'ec2' is not served here.",
    ),
    unknown(
        "the scope of another service than the target's",
        by(_LIST, scope="logs"),
        "X-Amz-Target 'SageMaker.ListModels' is no operation of a service served here.",
    ),
)

CASES = (
    *_UNSIGNED,
    *_KEYS,
    *_TAMPERED,
    *_TIMES,
    *_MALFORMED,
)
