"""Decisions: deny wins, what nobody allows is denied, sessions only narrow."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windvane.control.identity.documents import Use, read_policy
from windvane.control.identity.evaluation import Decision, Rights, decide

ARN = "arn:aws:sagemaker:us-east-1:111122223333:endpoint/churn"
ACTION = "sagemaker:InvokeEndpoint"


def statement(effect="Allow", action=ACTION, resource=ARN, **more):
    return {"Effect": effect, "Action": action, "Resource": resource, **more}


def policy(*statements):
    return read_policy(json.dumps({"Version": "2012-10-17", "Statement": statements}), Use.MANAGED)


def rights(*statements, sessions=(), facts=None):
    own = (policy(*statements),) if statements else ()
    groups = tuple((policy(*group),) for group in sessions)
    return Rights("arn", "111122223333", own, groups, facts or {})


def allowed(who, action=ACTION, resource=ARN, **facts):
    named = {key.replace("_", ":"): value for key, value in facts.items()}
    return decide(who, action, resource, named) is Decision.ALLOWED


@pytest.mark.parametrize(
    ("given_statement", "is_allowed"),
    [
        (statement(), True),
        (statement(action="*"), True),
        (statement(action="SAGEMAKER:invoke*"), True),
        (statement(action="sagemaker:Invoke"), False),
        (statement(action="sagemaker:Invoke?ndpoint"), True),
        (statement(resource="*"), True),
        (statement(resource="arn:aws:sagemaker:*:*:endpoint/*"), True),
        (statement(resource="arn:aws:sagemaker:*"), True),
        (statement(resource="arn:aws:sagemaker:us-east-1:111122223333:endpoint/CHURN"), True),
        (statement(resource="arn:aws:sagemaker:us-east-1:444455556666:endpoint/churn"), False),
        (statement(resource="arn:aws:s3:::*"), False),
        ({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}, True),
        ({"Effect": "Allow", "NotAction": "sagemaker:*", "Resource": "*"}, False),
        ({"Effect": "Allow", "Action": "*", "NotResource": ARN}, False),
        ({"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::*"}, True),
    ],
)
def test_a_statement_is_about_what_it_says(given_statement, is_allowed):
    assert allowed(rights(given_statement)) is is_allowed


def test_nobody_is_allowed_what_nothing_allows():
    assert decide(rights(), ACTION, ARN) is Decision.NOT_ALLOWED


def test_an_action_without_a_resource_needs_a_star():
    assert allowed(
        rights(statement(action="sagemaker:List*", resource="*")), "sagemaker:ListModels", "*"
    )
    wide = statement(action="sagemaker:List*", resource="arn:aws:sagemaker:*:*:*")
    assert not allowed(rights(wide), "sagemaker:ListModels", "*")


def test_the_reason_says_which_policy_it_was():
    deny = statement("Deny")
    assert decide(rights(statement(), deny), ACTION, ARN) is Decision.DENIED
    narrowed = rights(statement(), sessions=[[statement(resource="arn:aws:s3:::*")]])
    assert decide(narrowed, ACTION, ARN) is Decision.NOT_ALLOWED_BY_SESSION
    forbidden = rights(statement(), sessions=[[statement(), deny]])
    assert decide(forbidden, ACTION, ARN) is Decision.DENIED_BY_SESSION


PARTS = st.sampled_from(["*", "s3:*", "s3:Get*", "s3:GetObject", "iam:*"])
RESOURCES = st.sampled_from(["*", "arn:aws:s3:::a/*", "arn:aws:s3:::a/b", "arn:aws:s3:::c/*"])
STATEMENTS = st.lists(
    st.builds(statement, st.sampled_from(["Allow", "Deny"]), PARTS, RESOURCES),
    min_size=1, max_size=4,
)  # fmt: skip
ASKED = st.tuples(
    st.sampled_from(["s3:GetObject", "s3:PutObject", "iam:CreateUser"]),
    st.sampled_from(["arn:aws:s3:::a/b", "arn:aws:s3:::c/d", "*"]),
)


@pytest.mark.slow
@given(STATEMENTS, ASKED)
def test_a_deny_more_never_allows_more(statements, asked):
    more = [*statements, statement("Deny", "*", "*")]
    assert not allowed(rights(*more), *asked)


@given(STATEMENTS, STATEMENTS, ASKED)
def test_a_session_never_widens(own, session, asked):
    narrowed = allowed(rights(*own, sessions=[session]), *asked)
    assert narrowed == (allowed(rights(*own), *asked) and allowed(rights(*session), *asked))


@given(STATEMENTS, STATEMENTS, ASKED)
def test_an_allow_more_never_allows_less(own, more, asked):
    allows = [one for one in more if one["Effect"] == "Allow"]
    assert allowed(rights(*own, *allows), *asked) or not allowed(rights(*own), *asked)


CONDITIONS = [
    ("StringEquals", "aws:username", "ann", "ann", True),
    ("StringEquals", "aws:username", ["bob", "ann"], "ann", True),
    ("StringEquals", "aws:username", "Ann", "ann", False),
    ("StringEquals", "aws:username", "a*", "ann", False),
    ("StringEquals", "aws:username", "ann", None, False),
    ("StringEqualsIfExists", "aws:username", "ann", None, True),
    ("StringEqualsIgnoreCase", "aws:username", "ANN", "ann", True),
    ("StringNotEquals", "aws:username", "ann", "ann", False),
    ("StringNotEquals", "aws:username", ["bob", "ann"], "ann", False),
    ("StringNotEquals", "aws:username", "ann", None, True),
    ("StringLike", "s3:prefix", "home/*", "home/x", True),
    ("StringNotLike", "s3:prefix", "home/*", "home/x", False),
    ("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/*", "arn:aws:iam::1:role/x", True),
    ("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/*", "arn:aws:iam::1:user/x", False),
    ("ArnNotEquals", "aws:PrincipalArn", "arn:aws:iam::1:role/x", "arn:aws:iam::1:role/x", False),
    ("Bool", "aws:SecureTransport", "true", "true", True),
    ("Bool", "aws:SecureTransport", True, "false", False),
    ("IpAddress", "aws:SourceIp", "10.0.0.0/8", "10.1.2.3", True),
    ("IpAddress", "aws:SourceIp", "10.0.0.0/8", "::ffff:10.1.2.3", True),
    ("IpAddress", "aws:SourceIp", "10.0.0.0/8", "11.1.2.3", False),
    ("IpAddress", "aws:SourceIp", "10.0.0.0/8", "nonsense", False),
    ("NotIpAddress", "aws:SourceIp", ["10.0.0.0/8", "::1/128"], "::1", False),
    ("NumericLessThan", "aws:EpochTime", "10", "9", True),
    ("NumericLessThan", "aws:EpochTime", "10", "x", False),
    ("NumericGreaterThanEquals", "aws:EpochTime", "10", "10", True),
    ("DateLessThan", "aws:CurrentTime", "2026-01-01T00:00:00Z", "2025-12-31T23:59:59+00:00", True),
    ("DateGreaterThan", "aws:CurrentTime", "1767225600", "2025-12-31T23:59:59+00:00", False),
    ("Null", "aws:TokenIssueTime", "true", None, True),
    ("Null", "aws:TokenIssueTime", "true", "2026-01-01", False),
    ("Null", "aws:TokenIssueTime", False, "2026-01-01", True),
]


@pytest.mark.parametrize(("operator", "key", "values", "told", "holds"), CONDITIONS)
def test_conditions(operator, key, values, told, holds):
    conditioned = rights(statement(Condition={operator: {key: values}}))
    facts = {} if told is None else {key.lower(): told}
    assert (decide(conditioned, ACTION, ARN, facts) is Decision.ALLOWED) is holds


def test_every_condition_has_to_hold():
    both = {"StringEquals": {"aws:username": "ann"}, "Bool": {"aws:SecureTransport": "true"}}
    conditioned = rights(statement(Condition=both))
    assert allowed(conditioned, aws_username="ann", aws_securetransport="true")
    assert not allowed(conditioned, aws_username="ann", aws_securetransport="false")


def test_a_request_cannot_say_who_its_caller_is():
    conditioned = rights(
        statement(Condition={"StringEquals": {"aws:username": "ann"}}),
        facts={"aws:username": "eve"},
    )
    assert not allowed(conditioned, aws_username="ann")
