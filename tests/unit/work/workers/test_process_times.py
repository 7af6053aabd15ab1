import json
import time
from pathlib import Path

import pytest

from windvane.automl.exchange import SharedFolder
from windvane.errors import CorruptArtifact
from windvane.work.workers.process_times import (
    Part,
    ProcessTimes,
    TimedExchange,
    ToldTimes,
    taken_from,
)


def test_times_arrive_with_the_result_and_do_not_stay_in_it():
    before, times = time.time_ns(), ProcessTimes()
    with times.timed(Part.FETCH):
        pass
    sent = json.loads(json.dumps(times.added_to({"rows": 7})))
    result, told = taken_from(sent)
    assert result == {"rows": 7}
    [(part, (began_ns, ended_ns))] = told.parts
    assert part is Part.FETCH
    assert before <= told.whole[0] <= began_ns <= ended_ns <= told.whole[1] <= time.time_ns()


def test_fetching_and_publishing_are_timed_and_done(tmp_path: Path):
    times = ProcessTimes()
    exchange = TimedExchange(SharedFolder(tmp_path), times)
    assert exchange.folder == tmp_path
    exchange.publish(["analysis"])
    with pytest.raises(CorruptArtifact):
        exchange.fetch(["analysis"])
    _, told = taken_from(json.loads(json.dumps(times.added_to({}))))
    assert [part for part, _ in told.parts] == [Part.PUBLISH, Part.FETCH]


@pytest.mark.parametrize("times", [None, 1, "x", [], {}, {"whole": [1, 2]}, {"parts": []}])
def test_what_are_no_times_is_taken_out_all_the_same(times):
    assert taken_from({"rows": 7, "times": times}) == ({"rows": 7}, None)
    assert taken_from({"rows": 7}) == ({"rows": 7}, None)


def test_parts_that_nobody_knows_are_passed_over_and_there_are_no_more_than_a_few():
    parts = [["fetch inputs", [1, 2]], ["mine", [1, 2]], [], 7, [["a"], 1]]
    told = {"whole": "x", "parts": parts}
    assert taken_from({"times": told}) == ({}, ToldTimes("x", ((Part.FETCH, [1, 2]),)))
    many = {"whole": [1, 2], "parts": [["fetch inputs", [1, 2]]] * 10_000}
    assert len(taken_from({"times": many})[1].parts) == 32
