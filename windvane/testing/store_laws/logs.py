"""What a store owes about logs."""

from __future__ import annotations

from datetime import timedelta

import pytest

from windvane.domain.logs import LogLine, LogPlace, line_of
from windvane.names import Scope
from windvane.notes.codes import NoteCode
from windvane.notes.note import Note, said
from windvane.store.base import Store
from windvane.store.logbook import LineQuery, StreamQuery, order_of
from windvane.testing.store_laws.place import HOME, START, StorePlace, a_job, at

GROUP = "/aws/sagemaker/Things"
ELSEWHERE = Scope("111111111111", "us-east-1")


def place(stream: str, *, group: str = GROUP, scope: Scope = HOME) -> LogPlace:
    return LogPlace(scope, group, stream)


def write(store: Store, *lines: tuple[str, str, float]) -> None:
    """(stream, message, seconds after the start)."""
    for stream, message, seconds in lines:
        with store.transaction() as tx:
            tx.log(place(stream), [LogLine(message)], at(seconds))


def read(store: Store, **changes: object) -> list[str]:
    query = LineQuery(**{"scope": HOME, "group": GROUP, **changes})  # type: ignore[arg-type]
    with store.snapshot() as tx:
        return [line.message for line in tx.log_lines(query)]


class LogLaws:
    def test_lines_come_in_the_order_in_which_they_were_written(self, store: Store) -> None:
        with store.transaction() as tx:
            tx.log(place("a"), [LogLine("one"), LogLine("two")], at(1))
            tx.log(place("b"), [LogLine("three")], at(1))
            tx.log(place("a"), [], at(9))
        write(store, ("a", "four", 2))
        assert read(store) == ["one", "two", "three", "four"]
        assert read(store, newest_first=True, limit=2) == ["four", "three"]
        assert read(store, streams=("a",)) == ["one", "two", "four"]

    def test_a_line_keeps_the_note_that_it_tells_without_data(self, store: Store) -> None:
        facts = {"kind": "training-job", "job": "t"}
        note = Note(NoteCode.STOP_ASKED, facts, said("a cell"))
        with store.transaction() as tx:
            tx.log(place("a"), [line_of(note), LogLine("one")], at(1))
        with store.snapshot() as tx:
            lines = tx.log_lines(LineQuery(scope=HOME, group=GROUP))
        kept = Note(NoteCode.STOP_ASKED, facts, said(""))
        assert [line.note for line in lines] == [kept, None]

    def test_a_clock_that_goes_back_changes_no_order(self, store: Store) -> None:
        write(store, ("a", "one", 5), ("b", "two", 1))
        with store.snapshot() as tx:
            first, second = tx.log_lines(LineQuery(scope=HOME, group=GROUP))
        assert first.position < second.position
        assert second.time_ms == first.time_ms
        assert second.ingested_ms < first.ingested_ms

    def test_a_page_goes_on_after_a_position_in_either_direction(self, store: Store) -> None:
        write(store, *((f"s{n % 2}", str(n), n // 3) for n in range(9)))
        with store.snapshot() as tx:
            lines = tx.log_lines(LineQuery(scope=HOME, group=GROUP))
        middle = lines[4].position
        assert read(store, after=middle, limit=3) == ["5", "6", "7"]
        assert read(store, before=middle, newest_first=True, limit=3) == ["3", "2", "1"]

    def test_bounds_are_inclusive_below_and_exclusive_above(self, store: Store) -> None:
        write(store, ("a", "one", 1), ("a", "two", 2), ("a", "three", 3))
        with store.snapshot() as tx:
            times = [line.time_ms for line in tx.log_lines(LineQuery(scope=HOME, group=GROUP))]
        assert read(store, start_ms=times[1]) == ["two", "three"]
        assert read(store, end_ms=times[1]) == ["one"]

    def test_prefixes_take_notice_of_case(self, store: Store) -> None:
        write(store, ("job/x", "1", 1), ("Job/x", "2", 2), ("job-2/x", "3", 3), ("jo", "4", 4))
        assert read(store, prefix="job/") == ["1"]
        with store.snapshot() as tx:
            found = tx.log_streams(StreamQuery(scope=HOME, group=GROUP, prefix="job"))
            assert [stream.name for stream in found] == ["job-2/x", "job/x"]
            assert tx.log_stream(HOME, GROUP, "JOB/x") is None

    def test_groups_are_listed_by_name(self, store: Store) -> None:
        with store.transaction() as tx:
            for group in ("/b/Two", "/a/one", "/b/one", "/B/one"):
                tx.log(place("s", group=group), [LogLine("x")], START)
            tx.log(place("s", group="/a/other", scope=ELSEWHERE), [LogLine("x")], START)
            names = [group.name for group in tx.log_groups(HOME, limit=10)]
            assert names == ["/B/one", "/a/one", "/b/Two", "/b/one"]
            assert [g.name for g in tx.log_groups(HOME, prefix="/b", limit=1)] == ["/b/Two"]
            assert [
                g.name for g in tx.log_groups(HOME, contains="one", after="/a/one", limit=9)
            ] == ["/b/one"]
            assert tx.log_group(HOME, "/a/other") is None
            assert tx.log_group(ELSEWHERE, "/a/other") is not None

    @pytest.mark.parametrize("by_time", [False, True], ids=["name", "time"])
    @pytest.mark.parametrize("descending", [False, True], ids=["up", "down"])
    def test_streams_are_paged(self, store: Store, by_time: bool, descending: bool) -> None:
        write(store, ("c", "1", 1), ("a", "2", 2), ("b", "3", 2), ("d", "4", 3), ("c", "5", 4))
        expected = ["a", "b", "d", "c"] if by_time else ["a", "b", "c", "d"]
        found: list[str] = []
        after = None
        for _ in range(4):
            query = StreamQuery(
                scope=HOME,
                group=GROUP,
                by_time=by_time,
                descending=descending,
                after=after,
                limit=1,
            )
            with store.snapshot() as tx:
                [stream] = tx.log_streams(query)
            found.append(stream.name)
            after = order_of(stream, by_time)
        assert found == (expected[::-1] if descending else expected)

    def test_a_stream_tells_its_times_and_its_size(self, store: Store) -> None:
        write(store, ("a", "ü", 1), ("a", "xyz", 4))
        with store.snapshot() as tx:
            stream = tx.log_stream(HOME, GROUP, "a")
            group = tx.log_group(HOME, GROUP)
        assert stream is not None
        assert group is not None
        assert (stream.created, stream.ingested) == (at(1), at(4))
        assert stream.last - stream.first == timedelta(seconds=3)
        assert stream.n_bytes == group.n_bytes == 5

    def test_any_message_becomes_one_line(self, store: Store) -> None:
        with store.transaction() as tx:
            tx.log(
                place("a"),
                [LogLine(one) for one in ("two\nlines\x00", "half \ud800", "", "x" * 20_000)],
                START,
            )
        lines = read(store)
        assert lines[:3] == ["two lines", "half", "-"]
        assert len(lines[3]) < 10_000

    def test_the_oldest_lines_are_forgotten_in_pieces_and_streams_with_their_last(
        self, store: Store
    ) -> None:
        write(store, ("old", "1", 1), ("old", "2", 2), ("new", "3", 3), ("new", "4", 100))
        with store.transaction() as tx:
            assert tx.forget_lines(at(50), 2) == 2
            assert tx.log_stream(HOME, GROUP, "old") is None
            assert tx.forget_lines(at(50), 2) == 1
            assert tx.forget_lines(at(50), 2) == 0
            stream = tx.log_stream(HOME, GROUP, "new")
            assert stream is not None
            assert stream.first == stream.last
            assert stream.n_bytes == 1
        assert read(store) == ["4"]
        with store.transaction() as tx:
            assert tx.forget_lines(at(500), 5) == 1
            assert tx.log_group(HOME, GROUP) is None

    def test_lines_outlive_what_they_are_about_and_are_there_with_the_change_alone(
        self, store: Store, place: StorePlace
    ) -> None:
        def fail() -> None:
            with store.transaction() as tx:
                tx.log(LogPlace(HOME, GROUP, "job"), [LogLine("never")], START)
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail()
        with store.transaction() as tx:
            tx.insert(a_job())
            tx.log(LogPlace(HOME, GROUP, "job"), [LogLine("once")], START)
        with store.transaction() as tx:
            tx.delete(a_job())
        other = place.open()
        assert read(other) == ["once"]
        other.close()
