import itertools

from windvane.artifacts.base import Location
from windvane.artifacts.local import LocalArtifacts
from windvane.work.workers.process_times import Part, ProcessTimes, taken_from
from windvane.work.workers.timed_artifacts import TimedArtifacts

PLACE = Location("bucket", "made/file")


def _timed(folder, step_ns):
    times = ProcessTimes(itertools.count(0, step_ns).__next__)
    artifacts = TimedArtifacts(LocalArtifacts(folder), times)
    artifacts.ensure_bucket(PLACE.bucket)
    return artifacts, times


def _parts(times):
    _, told = taken_from(times.added_to({}))
    return [part for part, _ in told.parts]


def test_whole_objects_are_noted_as_they_come_and_go(tmp_path):
    artifacts, times = _timed(tmp_path / "store", step_ns=10**9)
    (tmp_path / "file").write_bytes(b"text")
    artifacts.upload(PLACE, tmp_path / "file")
    artifacts.download(PLACE, tmp_path / "copy")
    artifacts.write(PLACE, b"other")
    assert artifacts.read(PLACE) == b"other"
    assert (tmp_path / "copy").read_bytes() == b"text"
    assert _parts(times) == [Part.PUBLISH, Part.FETCH, Part.PUBLISH, Part.FETCH]


def test_objects_that_follow_each_other_at_once_are_one_part(tmp_path):
    artifacts, times = _timed(tmp_path / "store", step_ns=10**6)
    for number in range(40):
        artifacts.write(PLACE / str(number), b"text")
    artifacts.read(PLACE / "7")
    assert _parts(times) == [Part.PUBLISH, Part.FETCH]


def test_the_same_artifacts_as_those_of_an_account_are_noted_too(tmp_path):
    artifacts, times = _timed(tmp_path / "store", step_ns=10**9)
    artifacts.of("000000000000").write(PLACE, b"text")
    assert _parts(times) == [Part.PUBLISH]


def test_what_is_asked_of_a_store_besides_is_not_noted(tmp_path):
    artifacts, times = _timed(tmp_path / "store", step_ns=10**9)
    artifacts.write(PLACE, b"text")
    assert artifacts.bucket_exists(PLACE.bucket)
    assert [info.location for info in artifacts.list(Location("bucket", ""))] == [PLACE]
    assert artifacts.info(PLACE).size == 4
    assert list(artifacts.folders(Location("bucket", ""))) == [Location("bucket", "made/")]
    with artifacts.open(PLACE, 2) as stream:
        assert stream.read() == b"xt"
    artifacts.delete(PLACE)
    assert artifacts.info(PLACE) is None
    assert _parts(times) == [Part.PUBLISH]
