"""Uploads in signed chunks, as the Java and Go SDKs send them.

source    AWS, Signature Calculations for the Authorization Header: Transferring Payload in Multiple Chunks
"""

import hashlib
import hmac
import http.client
from datetime import UTC, datetime
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

EMPTY = hashlib.sha256(b"").hexdigest()
CHUNK = 64 * 1024


class SeedSigner(SigV4Auth):
    def payload(self, request):
        return "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"

    def _normalize_url_path(self, path):
        return path


def chunked(content, signature, key, stamp, scope):
    """The body: each chunk with a signature over the one before."""
    parts = [content[start : start + CHUNK] for start in range(0, len(content), CHUNK)] + [b""]
    for part in parts:
        hashed = hashlib.sha256(part).hexdigest()
        text = "\n".join(["AWS4-HMAC-SHA256-PAYLOAD", stamp, scope, signature, EMPTY, hashed])
        signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
        yield f"{len(part):x};chunk-signature={signature}\r\n".encode() + part + b"\r\n"


def upload(server, object_key, content, tampered=None):
    access, secret = server.env["AWS_ACCESS_KEY_ID"], server.env["AWS_SECRET_ACCESS_KEY"]
    url = f"{server.url}/{server.env['WINDVANE_BUCKET']}/{object_key}"
    headers = {
        "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "x-amz-decoded-content-length": str(len(content)),
        "content-encoding": "aws-chunked",
    }
    request = AWSRequest("PUT", url, headers=headers)
    SeedSigner(Credentials(access, secret), "s3", "us-east-1").add_auth(request)
    stamp = request.headers["X-Amz-Date"]
    day = datetime.now(UTC).strftime("%Y%m%d")
    key = f"AWS4{secret}".encode()
    for part in (day, "us-east-1", "s3", "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    seed = request.headers["Authorization"].rpartition("Signature=")[2]
    body = b"".join(chunked(content, seed, key, stamp, f"{day}/us-east-1/s3/aws4_request"))
    if tampered is not None:
        body = body.replace(content[:100], tampered, 1)
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    connection.request("PUT", urlsplit(url).path, body=body, headers=dict(request.headers))
    status = connection.getresponse().status
    connection.close()
    return status


def test_signed_chunks_arrive_as_one_object(server):
    content = bytes(range(256)) * 800
    assert upload(server, "chunks/whole", content) == 200
    stored = server.client("s3").get_object(
        Bucket=server.env["WINDVANE_BUCKET"], Key="chunks/whole"
    )
    assert stored["Body"].read() == content


def test_a_changed_chunk_is_refused_and_leaves_no_object(server):
    content = bytes(range(256)) * 800
    assert upload(server, "chunks/changed", content, tampered=b"x" * 100) != 200
    listed = server.client("s3").list_objects_v2(
        Bucket=server.env["WINDVANE_BUCKET"], Prefix="chunks/changed"
    )
    assert listed["KeyCount"] == 0
