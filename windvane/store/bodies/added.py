"""Fields that came with a version and say nothing at their defaults.

A record at the defaults of such fields is written in the version before, without them: so a server of the previous release,
which works on the same store during an upgrade, reads all records but those that use what is new.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_Body = dict[str, Any]


@dataclass(frozen=True)
class AddedFields:
    """A migration that adds fields.

    defaults    by name, as they are in a body
    """

    defaults: Mapping[str, Any]

    def __call__(self, body: _Body) -> _Body:
        return {**body, **self.defaults}

    def without(self, body: _Body) -> _Body | None:
        """Return the body of the version before; None if it says something that it cannot hold."""
        if any(body[name] != default for name, default in self.defaults.items()):
            return None
        return {name: value for name, value in body.items() if name not in self.defaults}
