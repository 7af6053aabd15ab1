"""SigV4 against botocore as the signer: what it signs is accepted, and every mutation of it is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from windvane.errors import (
    BadSignature,
    ClockSkew,
    Expired,
    LinkExpired,
    MissingToken,
    Unauthenticated,
    UnknownKey,
)
from windvane.wire.call import Credential, Request
from windvane.wire.s3.authentication import head_verifier
from windvane.wire.s3.refusals import S3Refusal
from windvane.wire.sigv4 import hash_payload, verify

REQUESTS = {
    "json": {"headers": {"X-Amz-Target": "SageMaker.ListAutoMLJobs"}, "body": b'{"a": 1}'},
    "get without a body": {"method": "GET"},
    "spaces in headers": {"headers": {"X-Amz-Meta": "  a   b \t c  ", "Accept": "a/b"}},
    "empty header": {"headers": {"X-Amz-Meta-Empty": ""}},
    "unicode header": {"headers": {"X-Amz-Meta-Name": "Zürich, 東京"}},
    "escaped path": {"path": "/endpoints/a%20b/invocations"},
    "unicode path": {"path": "/bucket/%E6%9D%B1%E4%BA%AC/%C3%A9"},
    "reserved characters in the path": {"path": "/b/a+b=c&d@e:f,g;h!i'(j)*k~l"},
    "dots and slashes in the path": {"path": "/a/./b/../c//d/"},
    "escaped slash": {"path": "/bucket/a%2Fb"},
    "query": {"params": {"b": "2", "a": "1", "c": ""}},
    "query with odd characters": {"params": {"k y": "v+l/u=e&?", "ü": "é 東", "~": "-_."}},
    "parameter without a value": {"path": "/bucket?acl"},
    "other region": {"region": "eu-central-1"},
}


def name_of(case: str) -> str:
    return case.replace(" ", "-")


@pytest.fixture(params=["sagemaker", "s3"])
def service(request):
    return request.param


@pytest.fixture(params=[False, True], ids=["header", "presigned"])
def presigned(request):
    return request.param


@pytest.fixture
def check(keyring, now):
    def checked(request: Request, at=now):
        s3 = "/s3/aws4_request" in str(request.headers) or "%2Fs3%2Faws4_request" in request.query
        if s3:
            return head_verifier(keyring, lambda: at)(request).caller
        return verify(request, hash_payload(request.body), keyring, at)

    return checked


@pytest.mark.parametrize("case", REQUESTS, ids=name_of)
def test_what_botocore_signs_is_accepted(case, sign, check, service, presigned):
    caller = check(sign(**REQUESTS[case], service=service, presigned=presigned))
    assert caller.account == "111122223333"
    assert caller.region == REQUESTS[case].get("region", "us-east-1")


def test_a_binary_body_is_accepted(sign, check, service):
    check(sign(body=bytes(range(256)), service=service))


def test_duplicate_parameters_are_sorted_by_name_and_value(sign, check, service):
    check(sign(params=[("a", "2"), ("a", "1"), ("A", "3"), ("a", "10")], service=service))


def test_a_header_sent_as_latin_1_is_accepted(sign, check):
    signed = sign(headers={"X-Amz-Meta": "Zürich"})
    headers = tuple((n, "Zürich" if n == "x-amz-meta" else v) for n, v in signed.headers)
    check(replace(signed, headers=headers))


def test_a_session_token_goes_with_its_key(sign, check, service, presigned, temporary):
    caller = check(sign(service=service, presigned=presigned, key=temporary))
    assert caller.credential == temporary


def test_a_foreign_session_token_is_refused(sign, check, service, presigned, temporary):
    stolen = replace(temporary, session_token="another")
    with pytest.raises(UnknownKey):
        check(sign(service=service, presigned=presigned, key=stolen))


def test_a_temporary_key_without_its_token_is_refused(sign, check, service, presigned, temporary):
    with pytest.raises(UnknownKey):
        check(sign(service=service, presigned=presigned, key=replace(temporary, session_token="")))


def test_an_unknown_key_is_refused(sign, check, service, presigned):
    stranger = Credential("1", "AKIASTRANGER", "x", "arn", "id")
    with pytest.raises(UnknownKey):
        check(sign(service=service, presigned=presigned, key=stranger))


def test_a_wrong_secret_is_refused(sign, check, service, presigned, permanent):
    wrong = replace(permanent, secret_key="wrong")
    with pytest.raises(BadSignature, match="does not match the signature you provided"):
        check(sign(service=service, presigned=presigned, key=wrong))


def flipped(text: str) -> str:
    return ("0" if text[-1] != "0" else "1").join((text[:-1], ""))


def mutations(request: Request):
    """Each signed part of a request changed on its own."""
    yield "method", replace(request, method="PUT")
    yield "path", replace(request, path=request.path + "x")
    yield "added parameter", replace(request, query=f"{request.query}&x=1".lstrip("&"))
    for index, (name, value) in enumerate(request.headers):
        if name == "authorization":
            changed = (name, flipped(value))
        elif name in {"content-length", "user-agent"}:
            continue
        else:
            changed = (name, value + "1")
        headers = (*request.headers[:index], changed, *request.headers[index + 1 :])
        yield f"header {name}", replace(request, headers=headers)
        without = (*request.headers[:index], *request.headers[index + 1 :])
        yield f"no header {name}", replace(request, headers=without)
    parts = request.query.split("&") if request.query else []
    for index, part in enumerate(parts):
        for kind, changed_part in (("changed", [flipped(part)]), ("dropped", [])):
            query = "&".join([*parts[:index], *changed_part, *parts[index + 1 :]])
            yield f"query {part} {kind}", replace(request, query=query)


@pytest.mark.parametrize("key", ["permanent", "temporary"])
def test_every_mutation_is_refused(sign, check, service, presigned, key, request):
    signed = sign(
        "GET",
        "/bucket/key",
        headers={"X-Amz-Meta": "v", "Range": "bytes=0-9"},
        params={"p": "1", "q": "2"},
        service=service,
        presigned=presigned,
        key=request.getfixturevalue(key),
    )
    check(signed)
    accepted = []
    for what, mutant in mutations(signed):
        try:
            check(mutant)
        except (Unauthenticated, S3Refusal):
            continue
        accepted.append(what)
    assert accepted == []


def test_every_bit_of_the_signature_counts(sign, check):
    signed = sign()
    head = dict(signed.headers)
    prefix, _, signature = head["authorization"].rpartition("Signature=")
    for index in range(len(signature)):
        wrong = (
            signature[:index] + ("0" if signature[index] != "0" else "1") + signature[index + 1 :]
        )
        headers = tuple({**head, "authorization": f"{prefix}Signature={wrong}"}.items())
        with pytest.raises(BadSignature):
            check(replace(signed, headers=headers))


def test_a_changed_body_is_refused(sign, check, presigned):
    signed = sign(headers={"X-Amz-Target": "t"}, presigned=presigned)
    with pytest.raises(BadSignature):
        check(replace(signed, body=b"!"))


def test_an_unsigned_payload_is_not_accepted_outside_s3(sign, check):
    signed = sign(headers={"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}, body=b"hello")
    with pytest.raises(BadSignature):
        check(signed)


def test_an_amz_header_added_later_is_refused(sign, check, service, presigned):
    signed = sign(service=service, presigned=presigned)
    with pytest.raises(BadSignature, match="not signed: x-amz-acl"):
        check(replace(signed, headers=(*signed.headers, ("x-amz-acl", "public-read"))))


def test_a_second_copy_of_a_signed_header_is_refused(sign, check):
    signed = sign(headers={"X-Amz-Target": "SageMaker.A"})
    with pytest.raises(BadSignature):
        check(replace(signed, headers=(*signed.headers, ("x-amz-target", "SageMaker.B"))))


@pytest.mark.parametrize("minutes", [-14, 14])
def test_fourteen_minutes_of_skew_are_borne(sign, check, now, minutes):
    check(sign(), now + timedelta(minutes=minutes))


@pytest.mark.parametrize(("minutes", "words"), [(16, "expired"), (-16, "not yet current")])
def test_sixteen_minutes_of_skew_are_refused(sign, check, now, minutes, words):
    with pytest.raises(ClockSkew, match=f"Signature {words}: .* min.\\)"):
        check(sign(), now + timedelta(minutes=minutes))


def test_s3_names_skew_in_its_own_words(sign, check, now):
    with pytest.raises(ClockSkew, match="difference between the request time and the current time"):
        check(sign(service="s3"), now + timedelta(minutes=16))


def test_a_presigned_request_lives_as_long_as_it_says(sign, check, now, service):
    signed = sign("GET", service=service, presigned=True)
    check(signed, now + timedelta(seconds=3590))
    with pytest.raises(LinkExpired):
        check(signed, now + timedelta(seconds=3610))


def test_an_unsigned_request_lacks_its_token(check):
    with pytest.raises(MissingToken, match="Missing Authentication Token"):
        check(Request("POST", "/", "", (("host", "localhost"),), b""))


class Expiring:
    def credential(self, access_key, session_token, now):
        raise Expired("The security token included in the request is expired")


@pytest.mark.parametrize(
    ("service", "told"),
    [
        ("sagemaker", "The security token included in the request is expired"),
        ("sts", "The security token included in the request is expired"),
        ("s3", "The provided token has expired."),
    ],
)
def test_an_expired_token_is_told_in_the_words_of_the_service(sign, now, service, told):
    request = sign(service=service)
    with pytest.raises(Expired) as caught:
        verify(request, hash_payload(b""), Expiring(), now)
    assert str(caught.value) == told
