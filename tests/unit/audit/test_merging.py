from hypothesis import given
from hypothesis import strategies as st

from windvane.audit.lookup import Found
from windvane.audit.merging import merged
from windvane.audit.reading import Place

TIMES = [f"2026-11-01T00:00:{second:02}Z" for second in range(12)]


def event(server, number, at):
    return {"eventID": f"{server}-{number}", "eventTime": at}


class Log:
    """The log of a server, the newest first, of which `read` lines are looked at for a page."""

    def __init__(self, name, times, read):
        self.events = [event(name, n, at) for n, at in enumerate(sorted(times, reverse=True))]
        self._read = read

    def page(self, before, limit):
        begin = before["w"].offset if before else 0
        end = min(len(self.events), begin + min(self._read, limit))
        after = tuple({"w": Place("f", place + 1)} for place in range(begin, end))
        if end == len(self.events):
            return Found(tuple(self.events[begin:end]), after, None)
        reached = self.events[end]["eventTime"]
        return Found(tuple(self.events[begin:end]), after, {"w": Place("f", end)}, reached)


def all_pages(logs, limit):
    before = {name: {} for name in logs}
    while before:
        found = {name: logs[name].page(places, limit) for name, places in before.items()}
        page = merged(found, before, limit)
        assert len(page.events) <= limit
        yield page.events
        before = page.positions


@given(
    logs=st.dictionaries(
        st.sampled_from("abc"),
        st.tuples(st.lists(st.sampled_from(TIMES), max_size=20), st.integers(1, 6)),
        max_size=3,
    ),
    limit=st.integers(1, 7),
)
def test_pages_have_each_event_of_every_server_once_the_newest_first(logs, limit):
    made = {name: Log(name, times, read) for name, (times, read) in logs.items()}
    told = [one for page in all_pages(made, limit) for one in page]
    assert [one["eventTime"] for one in told] == sorted(
        (one["eventTime"] for one in told), reverse=True
    )
    wanted = [one["eventID"] for log in made.values() for one in log.events]
    assert sorted(one["eventID"] for one in told) == sorted(wanted)


def test_a_server_that_may_have_newer_events_is_read_on_before_older_ones_of_others_are_told():
    read_on = Found((), (), {"w": Place("f", 7)}, TIMES[5])
    ready = Found((event("b", 0, TIMES[6]), event("b", 1, TIMES[4])), ({}, {}), None)
    page = merged({"a": read_on, "b": ready}, {"a": {}, "b": {}}, 10)
    assert [one["eventID"] for one in page.events] == ["b-0"]
    assert page.positions == {"a": {"w": Place("f", 7)}, "b": {}}
