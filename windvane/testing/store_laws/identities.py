"""What a store owes about users, roles, policies and access keys."""

from __future__ import annotations

from dataclasses import replace

import pytest

from windvane.domain.identity import AccessKey, ManagedPolicy, PolicyVersion, Role, User
from windvane.store.base import Store
from windvane.store.identity_book import KeyUse
from windvane.testing.store_laws.place import START, StorePlace, at

ACCOUNT, OTHER = "111122223333", "444455556666"


def a_user(name: str = "Ann", account: str = ACCOUNT, user_id: str = "AIDA1") -> User:
    return User(account=account, name=name, id=user_id, created=START, inline={"own": "{}"})


ONE_OF_EACH = (
    a_user(),
    Role(account=ACCOUNT, name="r", id="AROA1", created=START, trust="{}", path="/a/b/"),
    ManagedPolicy(
        account=ACCOUNT,
        name="p",
        id="ANPA1",
        created=START,
        updated=at(1),
        versions=(PolicyVersion("v1", "{}", START),),
    ),
    AccessKey(
        account=ACCOUNT,
        name="AKIA1",
        id="AKIA1",
        created=START,
        user_id="AIDA1",
        user_name="Ann",
        sealed_secret="c2VhbGVk",  # noqa: S106 - of nobody
    ),
)


class IdentityLaws:
    def test_identities_come_back_as_they_were_put(self, store: Store) -> None:
        with store.transaction() as tx:
            assert all(tx.add_identity(record) for record in ONE_OF_EACH)
        with store.snapshot() as tx:
            found = [tx.identity(type(one), ACCOUNT, one.name) for one in ONE_OF_EACH]
        assert tuple(found) == ONE_OF_EACH

    def test_a_name_is_taken_once_in_an_account_whatever_its_case(self, store: Store) -> None:
        with store.transaction() as tx:
            assert tx.add_identity(a_user())
            assert not tx.add_identity(a_user("ANN", user_id="AIDA2"))
            assert tx.add_identity(a_user(account=OTHER))
            assert tx.identity(User, ACCOUNT, "aNN") == a_user()
            assert tx.count_identities(User, ACCOUNT) == 1

    def test_what_is_removed_is_gone_and_its_name_free(self, store: Store) -> None:
        again = a_user("ann", user_id="AIDA2")
        with store.transaction() as tx:
            tx.add_identity(a_user())
            tx.remove_identity(a_user())
            assert tx.identity(User, ACCOUNT, "Ann") is None
            assert tx.identities(User, ACCOUNT) == []
            assert tx.add_identity(again)
            assert tx.identities(User, ACCOUNT) == [again]

    def test_a_change_needs_something_to_change(self, store: Store) -> None:
        with store.transaction() as tx:
            with pytest.raises(KeyError):
                tx.update_identity(a_user())
            with pytest.raises(KeyError):
                tx.remove_identity(a_user())

    def test_whoever_knows_a_revision_learns_what_came_after(self, store: Store) -> None:
        other = a_user("bob", user_id="AIDA2")
        with store.transaction() as tx:
            assert tx.identity_revision() == 0
            tx.add_identity(a_user())
            tx.add_identity(other)
        with store.snapshot() as tx:
            first = tx.identity_changes(0)
        assert (first.changed, first.removed) == ((a_user(), other), ())
        changed = replace(a_user(), path="/new/")
        with store.transaction() as tx:
            tx.update_identity(changed)
            tx.remove_identity(other)
        with store.snapshot() as tx:
            then = tx.identity_changes(first.revision)
            nothing = tx.identity_changes(then.revision)
        assert then.revision > first.revision
        assert (then.changed, then.removed) == ((changed,), (("user", ACCOUNT, "bob"),))
        assert (nothing.changed, nothing.removed) == ((), ())

    def test_whoever_knows_a_revision_that_never_was_gets_everything(self, store: Store) -> None:
        with store.transaction() as tx:
            tx.add_identity(a_user())
        with store.snapshot() as tx:
            told = tx.identity_changes(1_000_000)
        assert (told.is_whole, told.changed) == (True, (a_user(),))

    def test_the_use_of_a_key_is_kept(self, store: Store, place: StorePlace) -> None:
        with store.transaction() as tx:
            tx.note_key_use("AKIA1", KeyUse(START, "s3", "us-east-1"))
            tx.note_key_use("AKIA1", KeyUse(at(60), "iam", "us-east-1"))
        again = place.open()
        with again.transaction() as tx:
            assert tx.key_use("AKIA1") == KeyUse(at(60), "iam", "us-east-1")
            tx.forget_key_use("AKIA1")
            assert tx.key_use("AKIA1") is None
        again.close()
