"""PostObject: an upload by an HTML form, allowed by a policy that somebody signed (Version 4 or 2).

source    https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from windvane.errors import BadSignature, MissingToken, UnknownKey
from windvane.wire import sigv4
from windvane.wire.bodies import BodyReader
from windvane.wire.call import Caller, KeyRing, Request
from windvane.wire.s3 import presigned_v2
from windvane.wire.s3.answers import flat_document, identified, send_whole
from windvane.wire.s3.authentication import check_header_name, header_value
from windvane.wire.s3.call import S3Call, S3Result
from windvane.wire.s3.embedded import TAKEN_IN, UNDER_WAY, EmbeddedStore, take_in
from windvane.wire.s3.exchange import Exchange, headers_of
from windvane.wire.s3.form import Form, read_form
from windvane.wire.s3.model import Resolved, operation_model
from windvane.wire.s3.payload import MAX_UPLOAD, UNSIGNED, Intake, read_plan
from windvane.wire.s3.policy import Policy, read_policy
from windvane.wire.s3.reading import read_head, read_payload
from windvane.wire.s3.refusals import refused
from windvane.wire.sigv4_signature import ALGORITHM

_CREDENTIAL = re.compile(r"([^/]{1,128})/([0-9]{8})/([a-z0-9-]{1,32})/s3/aws4_request")
_NO_HEADERS = frozenset({"key", "acl", "policy", "file", "bucket", "tagging", "submit"})


class PostUploads:
    """Uploads by forms.

    store       that forms upload to
    keyring     who may sign policies
    clock       the time in UTC
    """

    def __init__(
        self, store: EmbeddedStore, keyring: KeyRing, clock: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._keyring = keyring
        self._clock = clock

    async def read_fields(self, head: Request, body: BodyReader) -> Form:
        """Read the fields of a form, up to its file.

        raises    S3Refusal
        """
        content_type = headers_of(head).get("content-type", "")
        if not content_type.lower().startswith("multipart/form-data"):
            raise refused("MethodNotAllowed")
        return await read_form(content_type, body.blocks(TAKEN_IN, UNDER_WAY))

    def verify(self, form: Form, bucket: str) -> Caller:
        """Return who signed the policy, which the fields satisfy; raises Unauthenticated, S3Refusal."""
        fields = form.fields
        if "policy" not in fields:
            raise MissingToken("Access Denied")
        caller = self._signer(fields)
        checked = {**fields, "key": _key(form)} if "key" in fields else fields
        self._policy(form).check(checked, bucket, self._clock())
        return caller

    def parameters(self, form: Form, bucket: str) -> dict[str, Any]:
        """Return the parameters of PutObject that the form stands for; raises S3Refusal."""
        fields = form.fields
        if not fields.get("key"):
            raise refused(
                "InvalidArgument",
                "Bucket POST must contain a field named 'key'. If it is specified, please check the order of the fields.",
            )
        key = _key(form)
        for name in fields:
            if name.startswith("x-amz-"):  # metadata come back as headers
                check_header_name(name)
        headers = {
            name: header_value(name, value)
            for name, value in fields.items()
            if name not in _NO_HEADERS
        }
        if "acl" in fields:
            headers["x-amz-acl"] = fields["acl"]
        if "tagging" in fields:
            headers["x-amz-tagging"] = _tagging(fields["tagging"])
        resolved = Resolved("PutObject", bucket, key, {})
        return read_head(operation_model("PutObject"), resolved, headers)

    async def serve(self, form: Form, exchange: Exchange, call: S3Call) -> None:
        """Take the file in; raises WindvaneError."""
        policy = self._policy(form)
        plan = read_plan(form.fields, UNSIGNED)
        limit = min(MAX_UPLOAD, policy.length[1]) if policy.length else MAX_UPLOAD
        sink = await self._store.begin(self._store.uploads["PutObject"], call)
        try:
            intake = Intake(plan, None, limit=limit, algorithm=sink.algorithm)
            digests = await take_in(form.content, intake, sink.write, self._store.in_thread)
            policy.check_length(digests.size)
            await self._store.check_owners(call)
            result = await self._store.in_thread(sink.commit, digests)
        finally:
            await self._store.in_thread(sink.discard)
        await _answer(form.fields, exchange, result)

    def _policy(self, form: Form) -> Policy:
        return read_policy(form.fields["policy"])

    def _signer(self, fields: dict[str, str]) -> Caller:
        if "x-amz-signature" in fields or "x-amz-credential" in fields:
            return self._signer_v4(fields)
        access_key, signature = fields.get("awsaccesskeyid", ""), fields.get("signature", "")
        if not access_key or not signature:
            raise refused(
                "InvalidArgument",
                "Bucket POST must contain a field named 'AWSAccessKeyId' and one named 'signature'.",
            )
        caller = self._caller(access_key, fields, presigned_v2.REGION)
        expected = presigned_v2.sign(caller.credential.secret_key, fields["policy"])
        _compare(expected, signature)
        return caller

    def _signer_v4(self, fields: dict[str, str]) -> Caller:
        match = _CREDENTIAL.fullmatch(fields.get("x-amz-credential", ""))
        if match is None or fields.get("x-amz-algorithm") != ALGORITHM:
            raise refused(
                "InvalidArgument",
                "X-Amz-Credential and X-Amz-Algorithm must be those of Signature Version 4 for S3.",
            )
        if not fields.get("x-amz-date", "").startswith(match[2]):
            raise refused(
                "InvalidArgument", "X-Amz-Date must be of the day that X-Amz-Credential names."
            )
        caller = self._caller(match[1], fields, match[3])
        key = sigv4.signing_key(caller.credential.secret_key, match[2], match[3], "s3")
        expected = hmac.digest(key, fields["policy"].encode(), "sha256").hex()
        _compare(expected, fields.get("x-amz-signature", ""))
        return caller

    def _caller(self, access_key: str, fields: dict[str, str], region: str) -> Caller:
        token = fields.get("x-amz-security-token", "")
        credential = self._keyring.credential(access_key, token, self._clock())
        if credential is None:
            raise UnknownKey("The AWS Access Key Id you provided does not exist in our records.")
        return Caller(credential.account, region, credential)


def _key(form: Form) -> str:
    """Return the key with the name of the file in it, as the policy has to allow it."""
    name = form.file_name.replace("\\", "/").rpartition("/")[2]
    return form.fields["key"].replace("${filename}", name)


def _compare(expected: str, given: str) -> None:
    if not hmac.compare_digest(expected.encode(), given.encode()):
        raise BadSignature(
            "The request signature we calculated does not match the signature you provided. Check your key "
            "and signing method."
        )


def _tagging(text: str) -> str:
    tagging = read_payload(operation_model("PutObjectTagging"), text.encode())["Tagging"]
    return urlencode([(tag["Key"], tag["Value"]) for tag in tagging["TagSet"]])


async def _answer(fields: dict[str, str], exchange: Exchange, result: S3Result) -> None:
    bucket, key = exchange.resolved.bucket, exchange.parameters["Key"]
    etag = result.members["ETag"]
    location = f"/{quote(bucket)}/{quote(key)}"
    headers = [*identified(exchange.record), (b"etag", etag.encode())]
    redirect = fields.get("success_action_redirect") or fields.get("redirect") or ""
    if _is_web_address(redirect):
        query = urlencode({"bucket": bucket, "key": key, "etag": etag})
        joined = f"{redirect}{'&' if '?' in redirect else '?'}{query}"
        await send_whole(exchange.send, 303, b"", [*headers, (b"location", joined.encode())])
        return
    headers.append((b"location", location.encode()))
    status = fields.get("success_action_status", "204")
    if status == "201":
        body = _created(location, bucket, key, etag)
        await send_whole(
            exchange.send, 201, body, [*headers, (b"content-type", b"application/xml")]
        )
    else:
        await send_whole(exchange.send, 200 if status == "200" else 204, b"", headers)


def _created(location: str, bucket: str, key: str, etag: str) -> bytes:
    elements = {"Location": location, "Bucket": bucket, "Key": key, "ETag": etag}
    return flat_document("PostResponse", elements)


def _is_web_address(text: str) -> bool:
    if not re.fullmatch(r"[\x21-\x7e]{1,2048}", text):
        return False
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)
