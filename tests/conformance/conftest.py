"""The control plane of the tests of the API."""

from api.conftest import client, world

__all__ = ["client", "world"]
