"""One server with two accounts for the files that ask it from outside."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hostile.two_accounts import TwoAccounts


@pytest.fixture(scope="session")
def two_accounts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoAccounts]:
    """It has been started on a folder that was there and that others could read."""
    folder = tmp_path_factory.mktemp("served") / "data"
    folder.mkdir()
    folder.chmod(0o755)
    made = TwoAccounts(folder, tmp_path_factory.mktemp("temporary"))
    yield made
    made.stop()
