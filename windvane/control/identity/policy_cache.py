"""Caches of policies that were parsed, and of what principals may do by them. A parsed policy takes up to 220 times the
memory of its text, so the caches are bounded in characters, however many policies there are."""

from __future__ import annotations

import threading

from windvane.control.identity.documents import Policy, Use, read_policy
from windvane.control.identity.evaluation import Rights

_MOST_READ = 1 << 18
"""Characters of documents: 55 MB at worst."""

_MOST_OF_RIGHTS = 1 << 19
"""Characters of the policies of all principals and sessions whose rights are kept: 110 MB at worst."""

_MOST_RIGHTS = 2_000

Holder = tuple[str, str]
"""Access key and session token."""


class PolicyCache:
    """Parses policy documents, and keeps those that it parsed last."""

    def __init__(self, most_characters: int) -> None:
        self._most = most_characters
        self._kept: dict[tuple[str, Use], Policy] = {}
        self._n_characters = 0
        self._keeping = threading.Lock()

    def __call__(self, document: str, use: Use) -> Policy:
        """Return a policy document parsed.

        raises    as read_policy
        """
        if (found := self._kept.get((document, use))) is None:
            found = read_policy(document, use)
            self._keep((document, use), found)
        return found

    def _keep(self, name: tuple[str, Use], policy: Policy) -> None:
        """Keep a policy in place of those that were read first, if they are too long together; the last one in any
        case."""
        with self._keeping:
            if name in self._kept:
                return
            self._kept[name] = policy
            self._n_characters += len(name[0])
            while self._n_characters > self._most and len(self._kept) > 1:
                first = next(iter(self._kept))
                del self._kept[first]
                self._n_characters -= len(first[0])


read_cached = PolicyCache(_MOST_READ)


class RightsCache:
    """Keeps what principals and sessions may do, and for whom of them that is decided at once."""

    def __init__(self) -> None:
        self._rights: dict[Holder, Rights] = {}
        self._quick: set[Holder] = set()
        self._n_characters = 0
        self._keeping = threading.Lock()

    def get(self, holder: Holder) -> Rights | None:
        return self._rights.get(holder)

    def is_quick(self, holder: Holder) -> bool:
        return holder in self._quick

    def keep(self, holder: Holder, rights: Rights, n_characters: int, *, is_quick: bool) -> None:
        """Keep rights, in place of all others if there are too many or their policies are too long together.

        n_characters    of the policies
        """
        with self._keeping:
            if (
                len(self._rights) >= _MOST_RIGHTS
                or self._n_characters + n_characters > _MOST_OF_RIGHTS
            ):
                self._rights.clear()
                self._quick.clear()
                self._n_characters = 0
            self._rights[holder] = rights
            self._n_characters += n_characters
            if is_quick:
                self._quick.add(holder)
