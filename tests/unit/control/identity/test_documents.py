"""Policy documents: what is refused when they are written, so that nothing in them is ever ignored."""

from __future__ import annotations

import json

import pytest

from windvane.control.identity.documents import Use, read_policy
from windvane.control.identity.service_policies import SERVICE_POLICIES
from windvane.errors import MalformedPolicy, PolicyTooLong

GOOD = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
TRUST = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": "*"}


def document(*statements, version="2012-10-17"):
    return json.dumps({"Version": version, "Statement": list(statements)})


def without(name):
    return {key: value for key, value in GOOD.items() if key != name}


BAD = {
    "no JSON": "{",
    "a list": "[]",
    "no version": json.dumps({"Statement": [GOOD]}),
    "an old version": document(GOOD, version="2008-10-17"),
    "no statement": document(),
    "a text for a statement": document("x"),
    "an element of another kind": document({**GOOD, "Actions": "s3:*"}),
    "Effect twice": f'{{"Version":"2012-10-17","Statement":[{json.dumps(GOOD)[:-1]},"Effect":"Deny"}}]}}',
    "no effect": document(without("Effect")),
    "an effect in lower case": document({**GOOD, "Effect": "allow"}),
    "no action": document(without("Action")),
    "Action and NotAction": document({**GOOD, "NotAction": "s3:*"}),
    "no resource": document(without("Resource")),
    "Resource and NotResource": document({**GOOD, "NotResource": "*"}),
    "an action without a service": document({**GOOD, "Action": "GetObject"}),
    "an action of every service": document({**GOOD, "Action": "*:*"}),
    "a letter that looks like another": document({**GOOD, "Action": "iam:PassRole".replace("a", "а")}),
    "a letter that folds to another": document({**GOOD, "Action": "\u017fts:AssumeRole"}),
    "an empty list of actions": document({**GOOD, "Action": []}),
    "a number for an action": document({**GOOD, "Action": 1}),
    "a resource that is no ARN": document({**GOOD, "Resource": "bucket/*"}),
    "a resource without a service": document({**GOOD, "Resource": "arn:aws"}),
    "a resource of no partition": document({**GOOD, "Resource": "arn:asw:s3:::data"}),
    "a resource of any service": document({**GOOD, "Resource": "arn:aws:s*:::data"}),
    "a resource that lacks its account": document({**GOOD, "Resource": "arn:aws:sagemaker:*:endpoint/churn"}),
    "an account of 11 digits": document({**GOOD, "Resource": "arn:aws:sagemaker:*:11112222333:endpoint/*"}),
    "a bucket after two colons": document({**GOOD, "Resource": "arn:aws:s3::data/*"}),
    "a resource without a name": document({**GOOD, "Resource": "arn:aws:s3:::"}),
    "a variable that is not served": document({**GOOD, "Resource": "arn:aws:s3:::${aws:PrincipalTag/x}"}),
    "a principal": document({**GOOD, "Principal": "*"}),
    "a condition on tags": document({**GOOD, "Condition": {"StringEquals": {"aws:ResourceTag/a": "b"}}}),
    "an operator for sets": document(
        {**GOOD, "Condition": {"ForAnyValue:StringEquals": {"aws:username": "b"}}}
    ),
    "an unknown operator": document({**GOOD, "Condition": {"BinaryEquals": {"aws:username": "b"}}}),
    "a network that is none": document({**GOOD, "Condition": {"IpAddress": {"aws:SourceIp": "x"}}}),
    "a number that is none": document({**GOOD, "Condition": {"NumericEquals": {"aws:EpochTime": "NaN"}}}),
    "a date that is none": document({**GOOD, "Condition": {"DateLessThan": {"aws:CurrentTime": "soon"}}}),
    "a bool that is none": document({**GOOD, "Condition": {"Bool": {"aws:SecureTransport": "yes"}}}),
    "no value": document({**GOOD, "Condition": {"StringEquals": {"aws:username": []}}}),
    "an object for a value": document({**GOOD, "Condition": {"StringEquals": {"aws:username": {}}}}),
    "Sids that repeat": document({**GOOD, "Sid": "a"}, {**GOOD, "Sid": "a"}),
    "a Sid with spaces": document({**GOOD, "Sid": "a b"}),
    "NaN": '{"Version":"2012-10-17","Statement":NaN}',
    "too deep": '{"Version":"2012-10-17","Statement":' + "[" * 2000 + "]" * 2000 + "}",
}  # fmt: skip


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
def test_what_is_not_understood_is_refused(text):
    with pytest.raises(MalformedPolicy):
        read_policy(text, Use.MANAGED)


BAD_TRUST = {
    "no principal": {"Effect": "Allow", "Action": "sts:AssumeRole"},
    "a resource": {**TRUST, "Resource": "*"},
    "federation": {**TRUST, "Principal": {"Federated": "accounts.google.com"}},
    "NotPrincipal": {"Effect": "Deny", "Action": "sts:AssumeRole", "NotPrincipal": {"AWS": "*"}},
    "a pattern of accounts": {**TRUST, "Principal": {"AWS": "arn:aws:iam::*:root"}},
    "a pattern of roles": {**TRUST, "Principal": {"AWS": "arn:aws:iam::111122223333:role/*"}},
    "a session": {**TRUST, "Principal": {"AWS": "arn:aws:sts::111122223333:assumed-role/a/b"}},
    "no account": {**TRUST, "Principal": {"AWS": "11112222333"}},
    "digits of another script": {**TRUST, "Principal": {"AWS": "١١١١٢٢٢٢٣٣٣٣"}},
    "no service": {**TRUST, "Principal": {"Service": "sagemaker"}},
}


@pytest.mark.parametrize("statement", BAD_TRUST.values(), ids=BAD_TRUST)
def test_a_trust_policy_names_principals_and_nothing_else(statement):
    with pytest.raises(MalformedPolicy):
        read_policy(document(statement), Use.TRUST)


def test_a_document_has_as_many_characters_as_on_aws():
    def padded(n):
        resources = ["arn:aws:s3:::" + "x" * n]
        return document({**GOOD, "Resource": resources}).replace(" ", "")

    room = Use.USER.most - len(padded(0))
    assert read_policy(padded(room) + " \n" * 100, Use.USER)
    with pytest.raises(PolicyTooLong, match="PolicySize: 2048"):
        read_policy(padded(room + 1), Use.USER)


def test_our_own_policies_are_policies():
    for policy in SERVICE_POLICIES.values():
        assert read_policy(policy.document, Use.MANAGED).statements
