"""Where the models and the logs of endpoints lie below the data folder; models under a key are in memory, never on the disk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from windvane.domain.deployment import Deployed, Endpoint
from windvane.names import derived_suffix
from windvane.process.volatile import in_memory, memory_folder
from windvane.work.hosting.generations import Wanted, volume_key_of

_FOLDER = "endpoints"


class EndpointFolders:
    """The folders of the endpoints that a server hosts, each with a folder for every generation."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._root, self._memory_root = data_dir / _FOLDER, memory_folder(data_dir) / _FOLDER

    def make(self) -> None:
        self._root.mkdir(parents=True, exist_ok=True)

    def of(self, endpoint: Endpoint) -> Path:
        """Return the folder on the disk, which holds nothing of a model that has a key."""
        return self._root / derived_suffix(endpoint.arn, endpoint.created.isoformat())

    def in_memory_of(self, endpoint: Endpoint) -> Path:
        return self._memory_root / self.of(endpoint).name

    def models(self, endpoint: Endpoint, generation: int, deployed: Sequence[Deployed]) -> Path:
        """Return where the models of a generation are."""
        has_key = bool(volume_key_of(deployed))
        root = self.in_memory_of(endpoint) if has_key else self.of(endpoint)
        return root / str(generation)

    def left_over(
        self, endpoints: Sequence[Endpoint], wanted: Wanted, others: Sequence[Endpoint] = ()
    ) -> Iterator[Path]:
        """Yield what a server that was killed left behind: folders of endpoints that are no more, and of other generations.

        others    endpoints whose folders stay as they are
        """
        by_arn = {endpoint.arn: endpoint for endpoint in endpoints}
        kept = {
            self.models(by_arn[key.arn], key.generation, deployed)
            for key, deployed in wanted.items()
        }
        names = {self.of(endpoint).name for endpoint in endpoints}
        left_alone = {self.of(endpoint).name for endpoint in others}
        for folder in (*self._root.iterdir(), *in_memory(self._data_dir, _FOLDER)):
            if folder.name in left_alone:
                continue
            if folder.name not in names:
                yield folder
                continue
            for generation in folder.iterdir():
                if generation.is_dir() and generation not in kept:
                    yield generation
