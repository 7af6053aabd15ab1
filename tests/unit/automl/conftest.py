"""The tables of the engine's tests."""

from unit.engine.conftest import amounts, make_table, two_classes  # noqa: F401 - fixtures
