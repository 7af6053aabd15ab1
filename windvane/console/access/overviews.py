"""What lists of users and roles show besides what IAM lists; see control/identity/overviews.py."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Protocol

from windvane.errors import NotAuthorized
from windvane.wire.call import Caller


class UserOverview(Protocol):
    """A user in a list; a refusal stands in the place of what the caller may not see."""

    @property
    def n_policies(self) -> int | NotAuthorized: ...

    @property
    def n_active_keys(self) -> int | NotAuthorized: ...

    @property
    def n_inactive_keys(self) -> int | NotAuthorized: ...

    @property
    def used(self) -> datetime | NotAuthorized | None: ...


class Identities(Protocol):
    """Overviews of a whole page of users at once, and the roles that operations cannot change."""

    def declared_arns(self, account: str) -> frozenset[str]: ...

    def users(self, caller: Caller, names: Collection[str]) -> Mapping[str, UserOverview]: ...
