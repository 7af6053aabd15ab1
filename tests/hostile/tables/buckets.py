"""S3: names of buckets and keys that are odd, buckets that are somebody else's, buckets that are only read.

source    docs/configuration.md ("Buckets that are read from elsewhere"); codes and texts are those of Amazon S3's API
          reference, "Error responses"
"""

from __future__ import annotations

from hostile.asking import OTHER, Ask, by, s3
from hostile.case import Case

_DENIED = "Access Denied"
_ONLY_READ = "Access Denied: this bucket is only read here; it is declared in the server's configuration, section [[buckets]]."
_NO_BUCKET = "The specified bucket does not exist"
_NO_KEY = "The specified key does not exist."
_TAKEN = "The requested bucket name is not available. Please select a different name and try again."


def _refused(name: str, ask: Ask, status: int, code: str, text: str) -> Case:
    return Case(name, ask, status, code, text)


def _denied(name: str, ask: Ask, text: str = _DENIED) -> Case:
    return Case(name, ask, 403, "AccessDenied", text)


def _no_key(name: str, path: str) -> Case:
    return Case(name, s3("GET", path), 404, "NoSuchKey", _NO_KEY)


def _no_bucket(name: str, path: str) -> Case:
    return Case(name, s3("GET", path), 404, "NoSuchBucket", _NO_BUCKET)


def _argument(name: str, query: str, text: str) -> Case:
    return Case(name, s3("GET", "/samples", query), 400, "InvalidArgument", text)


def _not_served(name: str, path: str, query: str, text: str) -> Case:
    return Case(name, s3("GET", path, query), 501, "NotImplemented", text)


def _hash(text: str) -> Ask:
    return s3("PUT", "/data/x", headers={"x-amz-content-sha256": text})


_OWNERS = (
    _denied("another account's bucket", s3("GET", "/theirs")),
    _denied("another account's object", s3("GET", "/theirs/a.csv")),
    _denied("an object for another account", s3("PUT", "/theirs/x", body=b"x")),
    _denied("the end of another account's object", s3("DELETE", "/theirs/a.csv")),
    _denied("the end of another account's bucket", s3("DELETE", "/theirs")),
    _denied("a policy for another account's bucket", s3("PUT", "/theirs", "policy", b"{}")),
    _denied(
        "our bucket, asked for by another account",
        by(s3("GET", "/data/train/part-0.csv"), key=OTHER),
    ),
    _denied(
        "a copy of another account's object",
        s3("PUT", "/data/x", headers={"x-amz-copy-source": "/theirs/a.csv"}),
    ),
    _denied(
        "a copy of another account's object, escaped",
        s3("PUT", "/data/x", headers={"x-amz-copy-source": "%74heirs/a.csv"}),
    ),
    _denied(
        "a copy to another account",
        s3("PUT", "/theirs/x", headers={"x-amz-copy-source": "/data/model"}),
    ),
    _denied("a bucket mapped for others", s3("GET", "/for-others/a.csv")),
    _denied("a bucket mapped for others, unsigned", by(s3("GET", "/for-others/a.csv"), key=None)),
    _denied(
        "a copy from a bucket mapped for others",
        s3("PUT", "/data/x", headers={"x-amz-copy-source": "for-others/a.csv"}),
    ),
    _refused(
        "the name of another account's bucket",
        s3("PUT", "/theirs"),
        409,
        "BucketAlreadyExists",
        _TAKEN,
    ),
    _refused(
        "the name of a mapped bucket", s3("PUT", "/samples"), 409, "BucketAlreadyExists", _TAKEN
    ),
)

_NAMES = (
    _no_bucket("a bucket that there is not", "/nowhere/x"),
    _no_bucket("a bucket of dots", "/../theirs/a.csv"),
    _no_bucket("a bucket of one dot", "/./data"),
    _no_bucket("a bucket of escaped dots", "/%2e%2e/theirs/a.csv"),
    _refused(
        "a bucket with an escaped slash",
        s3("GET", "/data%2f..%2ftheirs/a.csv"),
        400,
        "InvalidBucketName",
        "The specified bucket is not valid.",
    ),
    _no_bucket("a bucket with a null byte", "/data%00/x"),
    _no_bucket("a bucket of markup", "/%3Cscript%3E/x"),
    _no_bucket("a bucket of SQL", "/x'%20OR%20'1'='1/x"),
    _refused(
        "a bucket of bytes that are no UTF-8",
        s3("GET", "/%ff%fe/x"),
        400,
        "InvalidURI",
        "Couldn't parse the specified URI.",
    ),
    _no_bucket("a bucket in capitals", "/DATA/x"),
    _no_bucket("a bucket of two thousand letters", f"/{'b' * 2000}/x"),
    _no_bucket("a bucket that begins with a space", "/%20data/x"),
    _refused(
        "a bucket after two slashes",
        s3("GET", "//theirs/a.csv"),
        400,
        "InvalidBucketName",
        "The specified bucket is not valid.",
    ),
)

_KEYS = (
    _no_key("an object that there is not", "/samples/nope"),
    _no_key("dots in a key", "/samples/../samples/a.csv"),
    _no_key("dots to the root", "/samples/../../../../../../etc/passwd"),
    _no_key("escaped dots in a key", "/samples/%2e%2e/%2e%2e/etc/passwd"),
    _no_key("twice escaped dots in a key", "/samples/%252e%252e/etc/passwd"),
    _no_key("escaped slashes in a key", "/samples/..%2f..%2f..%2fetc%2fpasswd"),
    _no_key("backslashes in a key", "/samples/..%5c..%5cetc%5cpasswd"),
    _no_key("an absolute key", "/samples//etc/passwd"),
    _no_key("a null byte in a key", "/samples/a.csv%00.png"),
    _no_key("a key of markup", "/samples/%3Cb%3E"),
    _no_key("a key of a line break", "/samples/a.csv%0d%0aX-Injected:%201"),
    _no_key("a key with a slash at its end", "/samples/a.csv/"),
    _no_key("a key of one dot", "/samples/."),
    _no_key("a key of two thousand letters", f"/samples/{'k' * 2000}"),
    _no_key("a key of two thousand parts", f"/samples/{'k/' * 2000}"),
    _refused(
        "a key of bytes that are no UTF-8",
        s3("GET", "/samples/%ff%fe"),
        400,
        "InvalidURI",
        "Couldn't parse the specified URI.",
    ),
)

_ONLY_TO_READ = (
    _denied("an object for a mapped bucket", s3("PUT", "/samples/x", body=b"x"), _ONLY_READ),
    _denied("the end of a mapped object", s3("DELETE", "/samples/a.csv"), _ONLY_READ),
    _denied(
        "a form for a mapped bucket", s3("POST", "/samples", "delete", b"<Delete/>"), _ONLY_READ
    ),
    _denied(
        "an upload in parts to a mapped bucket", s3("POST", "/samples/x", "uploads"), _ONLY_READ
    ),
    _not_served(
        "the policy of a mapped bucket",
        "/samples",
        "policy",
        "'policy' of a bucket is not served for a bucket that is read from a folder.",
    ),
    _not_served(
        "the versions of a mapped object",
        "/samples/a.csv",
        "versionId=1",
        "'versionId' of an object is not served for a bucket that is read from a folder.",
    ),
    _argument("a list of a third version", "list-type=3", "list-type must be 1 or 2, not '3'."),
    _argument(
        "a list of minus one key",
        "list-type=2&max-keys=-1",
        "max-keys must be a whole number, 0 or more, not '-1'.",
    ),
    _argument(
        "a list of many keys",
        "list-type=2&max-keys=99999999999",
        "max-keys must be a whole number, 0 or more, not '99999999999'.",
    ),
    _argument(
        "a list of keys in other digits",
        "list-type=2&max-keys=%D9%A1",
        "'\u0661' is no value of max-keys.",
    ),
    _argument(
        "a list in another encoding",
        "list-type=2&encoding-type=rot13",
        "'rot13' is no value of encoding-type. Valid: url.",
    ),
    _argument(
        "a list from a token that is none",
        "list-type=2&continuation-token=%00",
        "The continuation token provided is incorrect",
    ),
    _refused(
        "a header injected by a parameter",
        s3("GET", "/samples/a.csv", "response-content-type=text%2Fhtml%0d%0aX-Injected%3A%201"),
        400,
        "InvalidArgument",
        "response-content-type is no value of a header.",
    ),
    _refused(
        "bytes beyond the end",
        s3("GET", "/samples/a.csv", headers={"range": "bytes=100-"}),
        416,
        "InvalidRange",
        "The requested range is not satisfiable",
    ),
    _refused(
        "an object that has changed",
        s3("GET", "/samples/a.csv", headers={"if-match": '"x"'}),
        412,
        "PreconditionFailed",
        "At least one of the pre-conditions you specified did not hold",
    ),
)

_PAYLOADS = (
    _refused(
        "a hash that is none",
        _hash("abc"),
        400,
        "InvalidArgument",
        "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER or a valid sha256 value.",
    ),
    _refused(
        "a hash in capitals",
        _hash("A" * 64),
        400,
        "InvalidArgument",
        "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER or a valid sha256 value.",
    ),
    _refused(
        "no hash",
        by(s3("PUT", "/data/x"), then=(lambda sent: sent.without("x-amz-content-sha256"),)),
        400,
        "InvalidRequest",
        "Missing required header for this request: x-amz-content-sha256",
    ),
    _refused(
        "signed chunks that do not say how long they are",
        s3(
            "PUT",
            "/data/x",
            headers={
                "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
                "content-length": "0",
            },
        ),
        411,
        "MissingContentLength",
        "You must provide the x-amz-decoded-content-length HTTP header.",
    ),
)

CASES = (*_OWNERS, *_NAMES, *_KEYS, *_ONLY_TO_READ, *_PAYLOADS)
