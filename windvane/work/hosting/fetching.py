"""Fetches the models of an endpoint, as its account may now."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from windvane.artifacts.base import Artifacts, parse_location
from windvane.domain.deployment import Deployed
from windvane.engine.packages.latency import folder_bytes
from windvane.errors import InvalidRequest, KeyMissing
from windvane.names import Scope
from windvane.work.download import download_models, folder_of
from windvane.work.hosting.model_disk_space import ModelDiskSpace

CheckKey = Callable[[str], None]
"""ARN of a key of KMS; raises what is wrong if it cannot be used now."""

Permits = Callable[[str, str], bool]
"""Account and bucket."""

CheckData = Callable[[Scope, str, str], None]
"""Scope of an endpoint, ARN of a model's role, and the URL of the model's data; raises InvalidRequest if the role may not
read them now."""


def everywhere(_account: str, _bucket: str) -> bool:
    return True


def whatever(_scope: Scope, _role: str, _url: str) -> None:
    return None


def no_key(arn: str) -> None:
    raise KeyMissing(f"Key '{arn}' does not exist")


class Fetching:
    """Fetches the artefacts of endpoints. May be used by any thread."""

    def __init__(
        self,
        artifacts: Artifacts,
        room: ModelDiskSpace,
        check_key: CheckKey,
        permits: Permits,
        check_data: CheckData,
    ) -> None:
        self._artifacts, self._room = artifacts, room
        self._check_key, self._permits, self._check_data = check_key, permits, check_data

    def fetch(self, scope: Scope, there: frozenset[str], one: Deployed, into: Path) -> None:
        """A bucket may have become another account's since the model was created, its role may be gone.

        there     URLs of what was fetched in the server's last life
        raises    InvalidRequest for such a bucket or role, and if there is no room; KeyMissing, KeyDisabled,
                  KeyInvalidState if the key of the volume cannot be used; as download_models
        """
        wanted = [container.model_data_url for container in one.containers]
        try:
            with self._room.turn(scope.account):  # may be long in coming: asked for after it
                self._check_access(scope, one, [url for url in wanted if url not in there])
                take = partial(self._room.take, scope.account)
                download_models(self._artifacts.of(scope.account), wanted, into, take)
        finally:
            for folder in {folder_of(url, into) for url in wanted}:
                self._room.settle(scope.account, folder, folder_bytes(folder))

    def _check_access(self, scope: Scope, one: Deployed, urls: Iterable[str]) -> None:
        if one.volume_key:
            self._check_key(one.volume_key)
        for url in urls:
            if not self._permits(scope.account, parse_location(url).bucket):
                raise InvalidRequest(
                    f"Could not access model data at {url}: the bucket belongs to another account."
                )
            if one.role:
                self._check_data(scope, one.role, url)
