"""Attacks by what a policy says and the request does not: each allowed what its author had excepted."""

from __future__ import annotations

import json
from typing import Any

import pytest

from windvane.control.identity.documents import Use, read_policy
from windvane.control.identity.evaluation import Decision, Rights, decide
from windvane.errors import MalformedPolicy

OTHERS = "arn:aws:s3:::home/bob/diary"
USER, ROLE = {"aws:username": "ann"}, {"aws:principaltype": "AssumedRole"}


def decided(statement: dict[str, Any], who: dict[str, str], **asked: str) -> Decision:
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    rights = Rights("arn", "1", (read_policy(document, Use.MANAGED),), facts=who)
    return decide(rights, "s3:GetObject", OTHERS, asked)


EVERYTHING_BUT = {
    "resources": {"NotResource": "arn:aws:s3:::home/${aws:username}/*"},
    "keys": {
        "Resource": "*",
        "Condition": {"StringNotLike": {"s3:prefix": ["x", "${aws:username}/*"]}},
    },
}


@pytest.mark.parametrize("form", EVERYTHING_BUT)
def test_an_exception_for_a_user_is_no_permission_for_a_session_without_one(form: str) -> None:
    """A session of a role has no aws:username, so nothing was excepted, and all was allowed."""
    statement = {"Action": "s3:*", **EVERYTHING_BUT[form]}
    asked = {"s3:prefix": "bob/"}
    assert decided({"Effect": "Allow", **statement}, USER, **asked) is Decision.ALLOWED
    assert decided({"Effect": "Allow", **statement}, ROLE, **asked) is Decision.NOT_ALLOWED
    assert decided({"Effect": "Deny", **statement}, ROLE, **asked) is Decision.DENIED


@pytest.mark.parametrize("address", ["10.1.2.3", "::ffff:10.1.2.3"])
def test_a_network_in_the_words_of_ipv6_is_the_network(address: str) -> None:
    """A denial for ::ffff:10.0.0.0/104 met nobody: the addresses were compared as those of IPv4."""
    where = {"IpAddress": {"aws:SourceIp": "::ffff:10.0.0.0/104"}}
    statement = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": where}
    assert decided(statement, USER, **{"aws:sourceip": address}) is Decision.DENIED
    assert decided(statement, USER, **{"aws:sourceip": "11.1.2.3"}) is Decision.NOT_ALLOWED


def test_a_year_is_no_moment_of_1970() -> None:
    """A denial until 2030 was over half an hour after the beginning of 1970: as seconds the number was read."""
    now = {"aws:currenttime": "2026-12-01T00:00:00+00:00"}

    def until(moment: str) -> Decision:
        condition = {"DateLessThan": {"aws:CurrentTime": moment}}
        denied = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition}
        return decided(denied, USER, **now)

    with pytest.raises(MalformedPolicy, match="not of the form that the operator takes"):
        until("2030")
    assert until("2030-01-01") is Decision.DENIED
    assert until("1893456000") is Decision.DENIED
    assert until("0") is Decision.NOT_ALLOWED
