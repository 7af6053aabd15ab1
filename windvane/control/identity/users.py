"""Users and their access keys."""

from __future__ import annotations

import base64
import secrets
from dataclasses import replace

from windvane.control.identity.changes import Changes, fresh_id, with_tags
from windvane.control.identity.key_safe import KeySafe
from windvane.control.identity.principals import Principals, missing
from windvane.domain.identity import AccessKey, KeyStatus, User
from windvane.errors import IdentityQuota, InUse, NameTaken, NotFound
from windvane.store.base import Transaction

MOST_USERS, MOST_KEYS = 5000, 2


class Users:
    """The operations on users and their keys."""

    def __init__(self, changes: Changes, principals: Principals, safe: KeySafe) -> None:
        self._changes = changes
        self._principals = principals
        self._safe = safe

    def create(self, account: str, name: str, path: str, tags: list[dict[str, str]]) -> User:
        """Create a user.

        raises    NameTaken, IdentityQuota
        """
        user = User(
            account=account,
            name=name,
            id=fresh_id("AIDA"),
            created=self._changes.now(),
            path=path,
            tags=with_tags({}, tags),
        )
        with self._changes.transaction() as tx:
            if tx.count_identities(User, account) >= MOST_USERS:
                raise IdentityQuota("UsersPerAccount", MOST_USERS)
            if not tx.add_identity(user):
                raise NameTaken(f"User with name {name} already exists.")
        return user

    def listed(self, account: str, prefix: str) -> list[User]:
        """Return those whose path begins with `prefix`, in the order of their names."""
        users = self._changes.current().known().users.values()
        found = [user for user in users if user.account == account and user.path.startswith(prefix)]
        return sorted(found, key=lambda user: user.name.lower())

    def update(self, account: str, name: str, new_name: str, new_path: str) -> None:
        """Give it another name or path; its id, keys and policies stay.

        raises    NotFound, NameTaken
        """
        with self._changes.transaction() as tx:
            user = self._principals.changeable(tx, User, account, name)
            keys = self._keys_of(user)
            changed = replace(user, name=new_name, path=new_path)
            if new_name.lower() == name.lower():
                tx.update_identity(changed)
            else:
                tx.remove_identity(user)
                if not tx.add_identity(changed):
                    raise NameTaken(f"User with name {new_name} already exists.")
            for key in keys:
                tx.update_identity(replace(key, user_name=new_name))

    def delete(self, account: str, name: str) -> None:
        """Delete a user that has neither keys nor policies.

        raises    NotFound, InUse
        """
        with self._changes.transaction() as tx:
            user = self._principals.changeable(tx, User, account, name)
            if self._keys_of(user):
                raise InUse("Cannot delete entity, must delete access keys first.")
            if user.inline:
                raise InUse("Cannot delete entity, must delete policies first.")
            if user.attached:
                raise InUse("Cannot delete entity, must detach all policies first.")
            tx.remove_identity(user)

    def create_key(self, account: str, name: str) -> tuple[AccessKey, str]:
        """Return a new key and its secret, which is told this once.

        raises    NotFound, IdentityQuota
        """
        access_key = fresh_id("AKIA", 16)
        secret_key = base64.b64encode(secrets.token_bytes(30)).decode()
        with self._changes.transaction() as tx:
            user = self._principals.changeable(tx, User, account, name)
            if len(self._keys_of(user)) >= MOST_KEYS:
                raise IdentityQuota("AccessKeysPerUser", MOST_KEYS)
            key = AccessKey(
                account=account,
                name=access_key,
                id=access_key,
                created=self._changes.now(),
                user_id=user.id,
                user_name=user.name,
                sealed_secret=self._safe.seal(secret_key, account, access_key),
            )
            if not tx.add_identity(key):
                raise NameTaken(f"The access key {access_key} exists already.")
        return key, secret_key

    def keys(self, account: str, name: str) -> list[AccessKey]:
        """Return the oldest first.

        raises    NotFound
        """
        user = self._principals.find(User, account, name)
        return sorted(self._keys_of(user), key=lambda key: (key.created, key.id))

    def set_key_status(self, account: str, name: str, access_key: str, status: KeyStatus) -> None:
        """Activate or deactivate an access key.

        raises    NotFound
        """
        with self._changes.transaction() as tx:
            key = self._key(tx, account, name, access_key)
            tx.update_identity(replace(key, status=status))

    def delete_key(self, account: str, name: str, access_key: str) -> None:
        """Delete an access key.

        raises    NotFound
        """
        with self._changes.transaction() as tx:
            tx.remove_identity(self._key(tx, account, name, access_key))
            tx.forget_key_use(access_key)

    def _key(self, tx: Transaction, account: str, name: str, access_key: str) -> AccessKey:
        user = tx.identity(User, account, name)
        if user is None or user.name != name:
            raise missing(User, name)
        key = tx.identity(AccessKey, account, access_key)
        if key is None or key.user_id != user.id or key.name != access_key:
            raise NotFound(f"The Access Key with id {access_key} cannot be found.")
        return key

    def _keys_of(self, user: User) -> list[AccessKey]:
        known = self._changes.current().known().keys.values()
        return [key for key in known if key.user_id == user.id]
