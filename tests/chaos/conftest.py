from journeys.conftest import packed

__all__ = ["packed"]
