"""SigV4 against vectors that AWS publishes.

source    the SigV4 test suite (aws4_testsuite) and the Amazon S3 API Reference, "Signature Calculations for
          the Authorization Header" and "Using Query Parameters"
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from windvane.errors import (
    BadSignature,
    ClockSkew,
    IncompleteLink,
    IncompleteSignature,
    LinkExpired,
    MissingToken,
    UnknownKey,
)
from windvane.wire.call import Credential, Request
from windvane.wire.s3.authentication import head_verifier
from windvane.wire.s3.payload import UNSIGNED
from windvane.wire.sigv4 import (
    declared_hash,
    hash_payload,
    mismatch,
    read_claim,
    signing_key,
    verify,
)
from windvane.wire.sigv4_signature import claimed_access_key, header, read_signature

SUITE_TIME = datetime(2015, 8, 30, 12, 36, tzinfo=UTC)
S3_TIME = datetime(2013, 5, 24, tzinfo=UTC)
SUITE_KEY = Credential("0", "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "arn", "id")
S3_KEY = Credential(
    "0", "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "arn", "id"
)
HOST = ("host", "example.amazonaws.com")
DATE = ("x-amz-date", "20150830T123600Z")
FORM = ("content-type", "application/x-www-form-urlencoded")

# name: method, path, query, headers beyond host and date, body, signature
SUITE = {
    "get-vanilla": (
        "GET", "/", "", [], b"",
        "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
    ),
    "post-vanilla": (
        "POST", "/", "", [], b"",
        "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
    ),
    "get-utf8": (
        "GET", "/\u1234".encode().decode("latin-1"), "", [], b"",
        "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85",
    ),
    "get-unreserved": (
        "GET", "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", "", [], b"",
        "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
    ),
    "get-vanilla-query-order-key-case": (
        "GET", "/", "Param2=value2&Param1=value1", [], b"",
        "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
    ),
    "get-vanilla-utf8-query": (
        "GET", "/", "%E1%88%B4=bar", [], b"",
        "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04",
    ),
    "get-header-key-duplicate": (
        "GET", "/", "",
        [("my-header1", "value2"), ("my-header1", "value2"), ("my-header1", "value1")], b"",
        "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
    ),
    "get-header-value-trim": (
        "GET", "/", "", [("my-header1", " value1"), ("my-header2", ' "a   b   c"')], b"",
        "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
    ),
    "post-x-www-form-urlencoded": (
        "POST", "/", "", [FORM], b"Param1=value1",
        "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
    ),
}  # fmt: skip


class OneKey:
    def __init__(self, credential):
        self._credential = credential

    def credential(self, access_key, session_token, now):
        return self._credential if access_key == self._credential.access_key else None


def authorization(headers, signature, key="AKIDEXAMPLE", scope="20150830/us-east-1/service"):
    names = ";".join(sorted({name for name, _ in headers}))
    credential = f"Credential={key}/{scope}/aws4_request"
    line = f"AWS4-HMAC-SHA256 {credential}, SignedHeaders={names}, Signature={signature}"
    return ("authorization", line)


def check(request, now=SUITE_TIME):
    return verify(request, hash_payload(request.body), OneKey(SUITE_KEY), now)


def suite_request(name):
    method, path, query, extra, body, signature = SUITE[name]
    headers = [HOST, DATE, *extra]
    return Request(method, path, query, (*headers, authorization(headers, signature)), body)


@pytest.mark.parametrize("name", SUITE)
def test_the_published_suite_is_accepted(name):
    assert check(suite_request(name)).region == "us-east-1"


def s3_caller(request):
    declared = header(request, "x-amz-content-sha256") or UNSIGNED
    return verify(request, declared, OneKey(S3_KEY), S3_TIME)


def ranged_get():
    empty = hash_payload(b"")
    headers = [
        ("host", "examplebucket.s3.amazonaws.com"),
        ("range", "bytes=0-9"),
        ("x-amz-content-sha256", empty),
        ("x-amz-date", "20130524T000000Z"),
    ]
    signature = "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
    signed = authorization(headers, signature, S3_KEY.access_key, "20130524/us-east-1/s3")
    return Request("GET", "/test.txt", "", (*headers, signed), b"")


def test_the_published_ranged_get_of_s3_is_accepted():
    assert s3_caller(ranged_get()).credential == S3_KEY


PRESIGNED = (
    "X-Amz-Algorithm=AWS4-HMAC-SHA256"
    "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
    "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
    "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
)


def presigned_get(query=PRESIGNED):
    host = ("host", "examplebucket.s3.amazonaws.com")
    return Request("GET", "/test.txt", query, (host,), b"")


def test_the_published_presigned_get_of_s3_is_accepted():
    s3_caller(presigned_get())


def test_a_presigned_request_is_good_to_the_second_that_it_says():
    signature, day = read_signature(presigned_get()), timedelta(days=1)
    assert (signature.in_query, signature.expires_s) == (True, day.total_seconds())
    verify(presigned_get(), UNSIGNED, OneKey(S3_KEY), S3_TIME + day)
    with pytest.raises(LinkExpired):
        verify(presigned_get(), UNSIGNED, OneKey(S3_KEY), S3_TIME + day + timedelta(seconds=1))


def test_the_verifier_of_s3_asks_its_clock():
    verify_head = head_verifier(OneKey(S3_KEY), lambda: S3_TIME)
    assert verify_head(ranged_get()).caller.account == S3_KEY.account
    with pytest.raises(ClockSkew, match="difference between the request time"):
        head_verifier(OneKey(S3_KEY), lambda: SUITE_TIME)(ranged_get())


def test_who_signs_nothing_is_denied_access_by_s3():
    verify_head = head_verifier(OneKey(S3_KEY), lambda: S3_TIME)
    with pytest.raises(MissingToken, match=r"^Access Denied$"):
        verify_head(presigned_get(query=""))


@pytest.mark.parametrize(
    ("query", "told"),
    [
        (PRESIGNED.replace("HMAC-SHA256", "HMAC-SHA1"), "Unsupported AWS 'algorithm'"),
        (PRESIGNED.replace("&X-Amz-Date=20130524T000000Z", ""), "must include 'X-Amz-Date'"),
        (PRESIGNED.replace("&X-Amz-SignedHeaders=host", ""), "include 'X-Amz-SignedHeaders'"),
        (f"{PRESIGNED}&X-Amz-Expires=1", "'X-Amz-Expires' stands twice in the query"),
    ],
)
def test_a_presigned_request_says_all_of_its_signature_once(query, told):
    with pytest.raises(IncompleteLink, match=told):
        read_signature(presigned_get(query))


def test_other_parameters_may_stand_twice():
    assert read_signature(presigned_get(f"part=1&part=2&{PRESIGNED}")).access_key == (
        S3_KEY.access_key
    )


def test_outside_of_s3_a_presigned_request_may_do_without_a_lifetime():
    query = PRESIGNED.replace("%2Fs3%2F", "%2Fsts%2F").replace("&X-Amz-Expires=86400", "")
    assert read_signature(presigned_get(query)).expires_s == 15 * 60


@pytest.mark.parametrize("expires_s", [1, 604_800])
def test_the_shortest_and_the_longest_lifetime_are_good(expires_s):
    query = PRESIGNED.replace("86400", str(expires_s))
    assert read_signature(presigned_get(query)).expires_s == expires_s


def test_a_session_token_is_read_where_the_signature_stands():
    in_query = read_signature(presigned_get(f"{PRESIGNED}&X-Amz-Security-Token=t"))
    header = ("x-amz-security-token", " t ")
    request = suite_request("get-vanilla")
    in_head = read_signature(Request("GET", "/", "", (*request.headers, header), b""))
    assert (in_query.session_token, in_head.session_token) == ("t", "t")
    assert read_signature(request).session_token == ""


@pytest.mark.parametrize(
    ("headers", "query", "key"),
    [
        ((), "", ""),
        ((authorization([HOST], "0"),), "", "AKIDEXAMPLE"),
        ((authorization([HOST], "0"),), PRESIGNED, "AKIDEXAMPLE"),
        ((("authorization", "Basic dXNlcg=="),), PRESIGNED, ""),
        ((authorization([HOST], "0", key="A"),), "", ""),
        ((), PRESIGNED, "AKIAIOSFODNN7EXAMPLE"),
        ((), "x-amz-credential=AKIAEXAMPLE/20130524/us-east-1", "AKIAEXAMPLE"),
        ((), "list&X-Amz-Credential=AKIAEXAMPLE%2f20130524", "AKIAEXAMPLE"),
        ((), "AX-Amz-Credential=AKIAEXAMPLE/", ""),
    ],
)
def test_the_key_that_a_request_names_is_found_before_it_is_proved(headers, query, key):
    assert claimed_access_key(Request("GET", "/", query, headers, b"")) == key


@pytest.mark.parametrize(
    ("declared", "hashed"), [("a" * 64, "a" * 64), (" " + "0" * 64, "0" * 64), (UNSIGNED, "")]
)
def test_a_declared_hash_is_one_of_a_content(declared, hashed):
    headers = (("x-amz-content-sha256", declared),)
    assert declared_hash(Request("PUT", "/", "", headers, b"")) == hashed
    assert declared_hash(Request("PUT", "/", "", (), b"")) == ""


def test_a_mismatch_is_told_in_the_words_of_the_service():
    assert "Check your key and signing method." in str(mismatch("s3"))
    assert "Consult the service documentation" in str(mismatch("sagemaker"))


@pytest.mark.parametrize(
    ("service", "told"), [("s3", "does not exist in our records"), ("iam", "token included")]
)
def test_an_unknown_key_is_told_in_the_words_of_the_service(service, told):
    signed = authorization([HOST, DATE], "0" * 64, "AKIDSTRANGER", f"20150830/us-east-1/{service}")
    with pytest.raises(UnknownKey, match=told):
        read_claim(Request("GET", "/", "", (HOST, DATE, signed), b""), OneKey(S3_KEY), SUITE_TIME)


def vanilla(**changed):
    parts = {
        "Credential": "AKIDEXAMPLE/20150830/us-east-1/service/aws4_request",
        "SignedHeaders": "host;x-amz-date",
        "Signature": SUITE["get-vanilla"][-1],
    } | changed
    line = ", ".join(f"{name}={value}" for name, value in parts.items() if value is not None)
    header = ("authorization", f"AWS4-HMAC-SHA256 {line}")
    return Request("GET", "/", "", (HOST, DATE, header), b"")


@pytest.mark.parametrize(
    ("changed", "error", "words"),
    [
        ({"Credential": None}, IncompleteSignature, "requires 'Credential' parameter"),
        ({"SignedHeaders": ""}, IncompleteSignature, "requires 'SignedHeaders' parameter"),
        ({"Signature": None}, IncompleteSignature, "requires 'Signature' parameter"),
        ({"Credential": "AKIDEXAMPLE/20150830"}, IncompleteSignature, "exactly 5 slash-delimited"),
        (
            {"Credential": "AKIDEXAMPLE/20150829/us-east-1/service/aws4_request"},
            BadSignature,
            "'20150829' != '20150830', from '20150830T123600Z'",
        ),
        (
            {"Credential": "AKIDEXAMPLE/20150830/../service/aws4_request"},
            BadSignature,
            "scoped to a valid region",
        ),
        ({"SignedHeaders": "x-amz-date"}, BadSignature, "'Host' must be a 'SignedHeader'"),
        ({"SignedHeaders": "Host;host;x-amz-date"}, BadSignature, "in lower case"),
        ({"SignedHeaders": "host"}, BadSignature, "not signed: x-amz-date"),
        ({"Signature": "é"}, BadSignature, "does not match"),
    ],
)
def test_a_malformed_authorization_says_what_is_wrong(changed, error, words):
    with pytest.raises(error, match=words):
        check(vanilla(**changed))


@pytest.mark.parametrize(
    "line", ["Basic dXNlcg==", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 nonsense"]
)
def test_another_scheme_is_incomplete(line):
    with pytest.raises(IncompleteSignature):
        check(Request("GET", "/", "", (HOST, DATE, ("authorization", line)), b""))


@pytest.mark.parametrize("stamp", ["", "yesterday", "20159999T123600Z", "2015-08-30T12:36:00Z"])
def test_a_date_that_is_none_is_incomplete(stamp):
    request = suite_request("get-vanilla")
    headers = tuple((n, stamp if n == "x-amz-date" else v) for n, v in request.headers)
    with pytest.raises(IncompleteSignature):
        check(Request("GET", "/", "", headers, b""))


@pytest.mark.parametrize(
    ("date", "stamp"),
    [
        ("Sun, 30 Aug 2015 12:36:00 GMT", "20150830T123600Z"),
        ("Sun, 30 Aug 2015 12:36:00", "20150830T123600Z"),
        ("Sun, 30 Aug 2015 14:36:00 +0200", "20150830T123600Z"),
        ("20150830T123600Z", "20150830T123600Z"),
    ],
)
def test_a_date_of_http_does_where_there_is_no_other(date, stamp):
    signed = authorization([HOST, DATE], "0" * 64)
    found = read_signature(Request("GET", "/", "", (HOST, ("date", date), signed), b"")).stamp
    assert (found.moment, found.text) == (SUITE_TIME, stamp)
    later = ("date", "Mon, 31 Aug 2015 12:36:00 GMT")
    both = read_signature(Request("GET", "/", "", (HOST, later, DATE, signed), b""))
    assert both.stamp.moment == SUITE_TIME, "the other counts"


def test_parts_of_an_authorization_stand_in_any_order_and_once():
    parts = vanilla().first["authorization"].partition(" ")[2].split(", ")
    for order in (parts[::-1], [parts[1], parts[0], parts[2]]):
        line = f"AWS4-HMAC-SHA256 {','.join(order)}"
        check(Request("GET", "/", "", (HOST, DATE, ("authorization", line)), b""))
    twice = ("authorization", f"AWS4-HMAC-SHA256 {', '.join([*parts, parts[0]])}")
    with pytest.raises(IncompleteSignature, match="'Credential' stands twice"):
        check(Request("GET", "/", "", (HOST, DATE, twice), b""))


def test_all_that_an_authorization_lacks_is_told_at_once():
    headers = (HOST, ("authorization", "AWS4-HMAC-SHA256 Credential=a"))
    with pytest.raises(IncompleteSignature) as told:
        read_signature(Request("GET", "/", "", headers, b""))
    for part in ("'Signature' parameter", "'SignedHeaders' parameter", "'X-Amz-Date' or a 'Date'"):
        assert part in str(told.value)
    assert "'Credential'" not in str(told.value)


@pytest.mark.parametrize(("n_characters", "is_read"), [(512, True), (513, False)])
def test_a_credential_has_a_longest(n_characters, is_read):
    scope = "/20150830/us-east-1/service/aws4_request"
    request = vanilla(Credential="A" * (n_characters - len(scope)) + scope)
    if is_read:
        assert read_signature(request).scope == scope[1:]
    else:
        with pytest.raises(IncompleteSignature, match="exactly 5 slash-delimited"):
            read_signature(request)


@pytest.mark.parametrize(
    "credential",
    ["/20150830/us-east-1/service/aws4_request", "A/20150830/us-east-1/service/aws3_request"],
)
def test_a_credential_names_a_key_and_ends_as_all_do(credential):
    with pytest.raises(IncompleteSignature, match="exactly 5 slash-delimited"):
        read_signature(vanilla(Credential=credential))


def test_many_signed_headers_are_read_like_few():
    names = ";".join(["host", *(f"x-{number:05}" for number in range(70)), "x-amz-date"])
    assert len(names) < 1024
    assert ";".join(read_signature(vanilla(SignedHeaders=names)).signed_headers) == names
    long = f"host;{'x' * 1024};x-amz-date"
    assert read_signature(vanilla(SignedHeaders=long)).signed_headers == tuple(long.split(";"))


@pytest.mark.parametrize("expires", ["", "0", "-1", "604801", "1e3", "9" * 40])
def test_a_presigned_request_of_s3_needs_a_sensible_lifetime(expires):
    query = (
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=A/20130524/us-east-1/s3/aws4_request"
        f"&X-Amz-Date=20130524T000000Z&X-Amz-Expires={expires}&X-Amz-SignedHeaders=host"
        "&X-Amz-Signature=0"
    )
    with pytest.raises(IncompleteSignature, match="from 1 to 604800"):
        s3_caller(Request("GET", "/", query, (HOST,), b""))


@pytest.mark.parametrize("sign", [1, -1])
def test_a_clock_may_be_fifteen_minutes_off_and_not_a_second_more(sign):
    check(suite_request("get-vanilla"), SUITE_TIME + sign * timedelta(minutes=15))
    with pytest.raises(ClockSkew):
        check(suite_request("get-vanilla"), SUITE_TIME + sign * timedelta(seconds=901))


def test_the_published_signing_key_is_derived():
    # source: AWS General Reference, "Examples of how to derive a signing key for Signature Version 4"
    key = signing_key("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "20150830", "us-east-1", "iam")
    assert key.hex() == "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"
