"""What a role may do with buckets that are read from elsewhere."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from windvane.artifacts.mapped import BucketMap, BucketSource
from windvane.control.buckets import DeclaredOwners
from windvane.control.identity.authorizer import Authorizer
from windvane.control.identity.directory import Directory
from windvane.control.roles import Action, Roles
from windvane.errors import InvalidRequest
from windvane.names import Scope
from windvane.settings import Role

OURS, THEIRS = Scope("111111111111", "us-east-1"), Scope("222222222222", "us-east-1")
NARROW = "arn:aws:iam::111111111111:role/narrow"


@pytest.fixture
def roles():
    sources = (
        BucketSource("samples-*", Path("/samples")),
        BucketSource("closed", Path("/closed"), accounts=(OURS.account,)),
    )
    declared = (Role(NARROW, read=("raw",), write=("*",)),)
    return Roles(
        Authorizer(Directory(None, declared), lambda: datetime.now(UTC)),
        DeclaredOwners({}),
        BucketMap(sources),
    )


def test_everybody_reads_what_is_for_everybody(roles):
    for grant in (roles.default(OURS), roles.default(THEIRS), roles.assume(OURS, NARROW)):
        grant.require(Action.LIST, "samples-eu")
        grant.require(Action.GET, "samples-eu")


def test_nobody_writes_there(roles):
    with pytest.raises(
        InvalidRequest, match=r"only read: it stands for /samples .*\[\[buckets\]\]"
    ):
        roles.default(OURS).require(Action.PUT, "samples-eu")


def test_what_is_for_some_accounts_takes_the_account_and_the_role(roles):
    roles.default(OURS).require(Action.GET, "closed")
    with pytest.raises(InvalidRequest, match="declared for other accounts"):
        roles.default(THEIRS).require(Action.GET, "closed")
    with pytest.raises(InvalidRequest, match="does not name the bucket"):
        roles.assume(OURS, NARROW).require(Action.GET, "closed")
