"""The folders that endpoints and their generations leave on this server, until they are gone: removed beside the hosting thread."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from pathlib import Path

from windvane.domain.deployment import Endpoint
from windvane.names import parse_arn
from windvane.work.hosting.folders import EndpointFolders
from windvane.work.hosting.generations import FleetKey, Wanted
from windvane.work.hosting.removal import Removal

EndpointKey = tuple[str, datetime]
"""ARN, and when the endpoint was created."""


class Clearing:
    """Belongs to the hosting thread."""

    def __init__(self, folders: EndpointFolders, removal: Removal) -> None:
        self._folders, self._removal = folders, removal
        self._known: dict[EndpointKey, Endpoint] = {}
        self._going: set[FleetKey | EndpointKey] = set()

    def begin(self, endpoints: Sequence[Endpoint], own: Sequence[Endpoint], wanted: Wanted) -> None:
        """Remove what the server left behind when it was killed. What it may have of endpoints that are on other servers now goes
        later, as they may come back.

        endpoints    that there are
        own          those that this server looks after
        wanted       generations that run here
        """
        near = {key.arn for key in wanted} | {one.arn for one in own}
        far = [one for one in endpoints if one.arn not in near]
        for one in far:
            self.note(one)
        here = [one for one in endpoints if one.arn in near]
        for folder in self._folders.left_over(here, wanted, far):
            self._removal.is_over("", folder)

    def note(self, endpoint: Endpoint) -> None:
        """Note that the endpoint may have folders here from now on."""
        self._known[endpoint.arn, endpoint.created] = endpoint

    def is_under_way(self, key: FleetKey) -> bool:
        """Return whether folders of a generation are being removed: until they are gone, it cannot begin again."""
        return key in self._going or (key.arn, key.created) in self._going

    def is_generation_gone(self, key: FleetKey, folder: Path) -> bool:
        """Return whether the models of a generation are gone; their removal begins when this is asked first."""
        self._going.add(key)
        if not self._removal.is_over(parse_arn(key.arn).scope.account, folder):
            return False
        self._going.discard(key)
        return True

    def is_endpoint_gone(self, endpoint: Endpoint) -> bool:
        """Return whether all folders of an endpoint are gone; their removal begins when this is asked first."""
        key = endpoint.arn, endpoint.created
        self._going.add(key)
        folders = self._folders.of(endpoint), self._folders.in_memory_of(endpoint)
        if not self._removal.is_over(endpoint.scope.account, *folders):
            return False
        self._going.discard(key)
        self._known.pop(key, None)
        return True

    def strays(self, kept: Collection[EndpointKey]) -> Iterator[Endpoint]:
        """Yield the endpoints that may have folders here but are not among those that are kept."""
        for key, endpoint in list(self._known.items()):
            if key not in kept:
                yield endpoint
