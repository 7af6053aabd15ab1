"""An object is read to its end although connections break."""

import io

import pytest
from botocore.exceptions import ReadTimeoutError

from windvane.artifacts.base import Location
from windvane.artifacts.local import LocalArtifacts
from windvane.artifacts.resumed import ResumedObject
from windvane.errors import DataFault

PLACE = Location("b", "object")
CONTENT = bytes(range(256)) * 4


class Breaking(LocalArtifacts):
    """Connections that give so many bytes and then break."""

    def __init__(self, root, limit, error):
        super().__init__(root)
        self.limit, self.error, self.opened = limit, error, []

    def open(self, location, start=0):
        self.opened.append(start)
        with super().open(location, start) as stream:
            return Cut(stream.read(self.limit), self.error)


class Cut(io.BytesIO):
    def __init__(self, data, error):
        super().__init__(data)
        self.error = error

    def read(self, size=-1):
        data = super().read(size)
        if not data and self.error is not None:
            raise self.error
        return data


@pytest.fixture(params=[None, OSError("reset"), ReadTimeoutError(endpoint_url="x")], ids=str)
def breaking(request, tmp_path):
    def make(limit):
        artifacts = Breaking(tmp_path, limit, request.param)
        artifacts.ensure_bucket("b")
        artifacts.write(PLACE, CONTENT)
        return artifacts

    return make


def pieces(stream, size):
    while piece := stream.read(size):
        yield piece


def test_what_is_left_is_asked_for_again(breaking):
    artifacts = breaking(300)
    with ResumedObject(artifacts, PLACE) as stream:
        found = list(pieces(stream, 100))
    assert b"".join(found) == CONTENT
    assert {len(piece) for piece in found[:-1]} == {100}
    assert artifacts.opened == [0, 300, 600, 900]


def test_an_object_that_never_goes_on_is_given_up(breaking):
    artifacts = breaking(0)
    with ResumedObject(artifacts, PLACE) as stream, pytest.raises((OSError, ReadTimeoutError)):
        stream.read(1)
    assert len(artifacts.opened) == 6


def test_an_object_that_changes_meanwhile_is_told(breaking):
    artifacts = breaking(300)
    with ResumedObject(artifacts, PLACE) as stream:
        assert stream.read(200) == CONTENT[:200]
        artifacts.write(PLACE, CONTENT + b"more")
        with pytest.raises(DataFault, match="s3://b/object was changed while it was read"):
            stream.read(200)


def test_an_object_that_is_gone_is_told(tmp_path):
    with pytest.raises(DataFault, match="s3://b/object does not exist any more"):
        ResumedObject(LocalArtifacts(tmp_path), PLACE)
