"""Bearer tokens: what is read of them, and what is refused."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote, urlsplit

import pytest
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials, ReadOnlyCredentials

from windvane.cli.token import bearer_token
from windvane.errors import (
    AccessDenied,
    BadSignature,
    ClockSkew,
    IncompleteLink,
    IncompleteSignature,
    LinkExpired,
    UnknownKey,
)
from windvane.wire.call import Credential, Request
from windvane.wire.open_inference import tokens

KEY = Credential("111122223333", "AKIA1", "secret", "arn:a", "id")
SESSION = Credential("111122223333", "ASIA2", "other", "arn:s", "id:s", session_token="to/k+en=")
NOW = datetime.now(UTC)


class Keys:
    def credential(self, access_key: str, session_token: str, now: datetime) -> Credential | None:
        found = {KEY.access_key: KEY, SESSION.access_key: SESSION}.get(access_key)
        return found if found is not None and found.session_token == session_token else None


def made(owner: Credential = KEY, seconds: int = 3600, endpoint: str = "", secret: str = "") -> str:
    keys = ReadOnlyCredentials(
        owner.access_key, secret or owner.secret_key, owner.session_token or None
    )
    return bearer_token(keys, "eu-west-1", seconds, endpoint)


def verified(token: str, endpoint: str = "live", now: datetime = NOW, scheme: str = "Bearer"):
    head = (("host", "a"), ("authorization", f"{scheme} {token}"))
    request = Request("GET", "/v2/models/live", "", head, b"")
    assert tokens.is_sent(request)
    return tokens.read_claim(request, endpoint, Keys(), now).verify(tokens.EMPTY_HASH)


def query_of(token: str) -> str:
    encoded = token.removeprefix(tokens.PREFIX_OF_TOKENS)
    return base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()


def token_of(query: str) -> str:
    encoded = base64.urlsafe_b64encode(query.encode()).rstrip(b"=").decode()
    return tokens.PREFIX_OF_TOKENS + encoded


@pytest.mark.parametrize("owner", [KEY, SESSION], ids=["key", "session"])
@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
def test_a_token_is_its_owners_in_its_region(owner, scheme):
    caller = verified(made(owner), scheme=scheme)
    assert (caller.credential, caller.account, caller.region) == (owner, owner.account, "eu-west-1")


def test_a_token_holds_no_secret_and_can_stand_in_a_header():
    token = made(SESSION)
    assert token.replace("-", "").replace("_", "").isalnum()
    assert SESSION.secret_key not in unquote(query_of(token))


def test_a_token_of_one_endpoint_is_good_for_no_other():
    token = made(endpoint="live")
    assert verified(token, "LIVE").account == KEY.account
    for other in ("other", "live2", ""):
        with pytest.raises(AccessDenied, match="another endpoint"):
            verified(token, other)


def test_the_name_of_the_endpoint_is_signed():
    query = query_of(made(endpoint="live")).replace("EndpointName=live", "EndpointName=other")
    with pytest.raises(BadSignature):
        verified(token_of(query), "other")
    dropped = query_of(made(endpoint="live")).replace("EndpointName=live&", "")
    with pytest.raises(BadSignature):
        verified(token_of(dropped), "other")


def test_a_link_that_was_made_for_something_else_is_no_token():
    signed = AWSRequest("GET", tokens.SIGNED_URL)
    keys = Credentials(KEY.access_key, KEY.secret_key)
    SigV4QueryAuth(keys, "sagemaker", "eu-west-1", expires=60).add_auth(signed)
    link = urlsplit(signed.url).query
    for query in (link, f"{link}&Action=OpenInference"):
        with pytest.raises((IncompleteSignature, BadSignature)):
            verified(token_of(query))


def test_a_second_name_makes_it_good_for_nothing():
    query = query_of(made(endpoint="live")) + "&EndpointName=other"
    for endpoint in ("live", "other"):
        with pytest.raises(AccessDenied):
            verified(token_of(query), endpoint)


def test_time_is_signed_and_ends():
    began, token = datetime.now(UTC), made(seconds=60)
    verified(token, now=began + timedelta(seconds=50))
    with pytest.raises(LinkExpired, match="expired; make a new one"):
        verified(token, now=datetime.now(UTC) + timedelta(seconds=120))
    longer = query_of(token).replace("X-Amz-Expires=60", "X-Amz-Expires=600")
    with pytest.raises(BadSignature):
        verified(token_of(longer))
    with pytest.raises(ClockSkew):
        verified(token, now=began - timedelta(hours=1))
    with pytest.raises(IncompleteLink, match="604800"):
        verified(token_of(query_of(token).replace("X-Amz-Expires=60", "X-Amz-Expires=604801")))


def test_wrong_secrets_and_unknown_keys_are_refused():
    with pytest.raises(BadSignature):
        verified(made(secret="guessed"))
    stranger = Credential("1", "AKIA9", "secret", "arn:x", "id")
    with pytest.raises(UnknownKey):
        verified(made(stranger))


@pytest.mark.parametrize(
    "token",
    [
        *("", "x", "windvane-", "windvane-!!!", "windvane-abcde", "windvane-_w"),
        token_of("a=b"),
        "Credential=AKIA1/20260101/us-east-1/s3/aws4_request",
    ],
)
def test_what_is_no_token_is_refused(token):
    with pytest.raises(IncompleteSignature, match="`windvane token` makes one"):
        verified(token)
