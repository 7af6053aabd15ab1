"""The search of these tests proposes without looking at data."""

import pytest
from unit.work.world import fake_propose, fake_recipes

from windvane.automl import search as workflow_search
from windvane.engine.tuning import search


@pytest.fixture(autouse=True)
def _plain_search(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workflow_search, "recipes_for", fake_recipes)
    monkeypatch.setattr(search, "propose", fake_propose)
