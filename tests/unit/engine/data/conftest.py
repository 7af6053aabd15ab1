from __future__ import annotations

from pathlib import Path

import pytest

from windvane.engine.data.analysis import ReadOptions
from windvane.testing.tables import Workshop


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path, ReadOptions(scratch=tmp_path))
