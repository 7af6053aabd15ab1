"""Work of several members has one beginning and one end."""

import time
from dataclasses import replace

import pytest

from windvane.errors import MemberLost
from windvane.executor.base import End, Ended, MemberReady, Said, Work
from windvane.executor.gang import GangExecutor
from windvane.process.child import failed_with

WORK = Work("job", "a:b", {"order": "it"}, 100, 1e12, cpus=2, n_members=3)


class Machines:
    """Places on machines, whose work ends when the test says so."""

    def __init__(self, n_machines):
        self._n_machines = n_machines
        self.begun, self.reserved, self.killed, self.news = {}, {}, [], []
        self._ended = set()

    def n_machines(self, cpus, memory_mb):
        return self._n_machines if (cpus, memory_mb) == (2, 100) else 0

    def reserve(self, gang, work, size):
        self.reserved[gang] = size

    def release(self, gang):
        del self.reserved[gang]

    def submit(self, work):
        assert work.member is None or work.member.gang in self.reserved
        self.begun[work.key] = work

    def poll(self, timeout_s):
        news, self.news = self.news, []
        return news

    def kill(self, key):
        """End what has not ended."""
        self.killed.append(key)
        if key not in self._ended:
            self._end(Ended(key, End.KILLED))

    def left_behind(self):
        return ["left"]

    def take_over(self, work):
        self.taken = work

    def close(self):
        self.begun.clear()

    def tell(self, *news):
        for one in news:
            self._end(one)

    def _end(self, one):
        self.news.append(one)
        if isinstance(one, Ended):
            self._ended.add(one.key)


def lost(key):
    """The end of a member that noticed that another is gone."""
    how = failed_with(MemberLost("gone"))
    return Ended(key, End.FAILED, note=how.note, error_classes=how.error_classes)


@pytest.fixture
def machines():
    return Machines(3)


@pytest.fixture
def executor(machines):
    made = GangExecutor(machines)
    made.submit(WORK)
    machines.news = [MemberReady("job/0", "10.0.0.1:7")]
    assert made.poll(0.0) == []
    return made


def told(executor, machines, *news):
    """All that is told of the work after some news, and what follows from it."""
    machines.tell(*news)
    found = executor.poll(0.0)
    while machines.news:
        found += executor.poll(0.0)
    return found


def test_members_begin_once_it_is_known_where_the_first_is_to_be_reached(machines):
    executor = GangExecutor(machines)
    executor.submit(WORK)
    assert list(machines.begun) == ["job/0"]
    assert machines.reserved == {"job": 3}
    told(executor, machines, MemberReady("job/0", "10.0.0.1:7"))
    seats = {key: work.member for key, work in machines.begun.items()}
    assert [seats[f"job/{rank}"].address for rank in range(3)] == ["", "10.0.0.1:7", "10.0.0.1:7"]
    assert len({member.identity for member in seats.values()}) == 1
    assert machines.begun["job/2"].payload == {"order": "it", "member": {"rank": 2, "size": 3}}


def test_no_work_is_told_what_its_members_know_each_other_by(executor, machines):
    assert all(work.member.identity not in str(work.payload) for work in machines.begun.values())
    assert all(work.member.identity not in repr(work) for work in machines.begun.values())


def test_there_are_no_more_members_than_machines():
    machines = Machines(2)
    GangExecutor(machines).submit(WORK)
    assert machines.reserved == {"job": 2}


@pytest.mark.parametrize("n_machines", [0, 1])
def test_one_machine_does_it_alone(n_machines):
    machines = Machines(n_machines)
    executor = GangExecutor(machines)
    executor.submit(WORK)
    assert list(machines.begun) == ["job"]
    assert machines.begun["job"].member is None
    end = Ended("job", End.FINISHED, {"a": 1})
    assert told(executor, machines, end) == [end]


def test_what_the_first_member_says_and_returns_is_of_the_work(executor, machines):
    said = told(executor, machines, Said("job/0", {"n": 1}), Said("job/1", {"n": 2}))
    assert said == [Said("job", {"n": 1})]
    ends = [Ended(f"job/{rank}", End.FINISHED, {"rank": rank}) for rank in (2, 0, 1)]
    assert told(executor, machines, *ends) == [Ended("job", End.FINISHED, {"rank": 0})]
    assert not machines.reserved


def test_others_are_ended_when_the_first_has_returned(executor, machines):
    [ended] = told(executor, machines, Ended("job/0", End.FINISHED, {"rank": 0}))
    assert ended.end is End.FINISHED
    assert sorted(machines.killed) == ["job/1", "job/2"]


@pytest.mark.parametrize("rank", [0, 2])
@pytest.mark.parametrize(
    "how", [End.CRASHED, End.LOST, End.OUT_OF_MEMORY, End.OUT_OF_TIME, End.FAILED]
)
def test_how_a_member_ends_that_does_not_finish_is_how_the_work_ends(executor, machines, rank, how):
    [ended] = told(executor, machines, Ended(f"job/{rank}", how))
    assert (ended.key, ended.end) == ("job", how)
    assert len(machines.killed) == 2
    assert not machines.reserved


def test_a_member_that_has_lost_another_is_not_to_blame(executor, machines):
    """What became of the other is told later."""
    assert told(executor, machines, lost("job/0"), lost("job/2")) == []
    assert machines.killed == []
    [ended] = told(executor, machines, Ended("job/1", End.OUT_OF_MEMORY))
    assert ended.end is End.OUT_OF_MEMORY


def test_work_whose_members_have_only_lost_each_other_is_lost(executor, machines):
    [ended] = told(executor, machines, *(lost(f"job/{rank}") for rank in range(3)))
    assert ended.end is End.LOST


def test_to_end_the_work_ends_all_members(executor, machines):
    executor.kill("job")
    assert sorted(machines.killed) == ["job/0", "job/1", "job/2"]
    [ended] = told(executor, machines)
    assert (ended.key, ended.end) == ("job", End.KILLED)
    assert not machines.reserved


def test_no_member_begins_once_the_first_has_ended(machines):
    executor = GangExecutor(machines)
    executor.submit(WORK)
    executor.kill("job")
    [ended] = told(executor, machines, MemberReady("job/0", "10.0.0.1:7"))
    assert ended.end is End.KILLED
    assert list(machines.begun) == ["job/0"]


def test_a_key_is_given_once(executor):
    with pytest.raises(ValueError, match="job"):
        executor.submit(WORK)


def test_other_work_goes_through(executor, machines):
    other = Work("other", "a:b", {}, 100, 1e12)
    executor.submit(other)
    assert machines.begun["other"] == other
    end = Ended("other", End.FAILED)
    assert told(executor, machines, end) == [end]


def waits_for_room(machines):
    """An executor whose gang's first member has waited for longer than a tenth of its time."""
    executor = GangExecutor(machines)
    executor.submit(replace(WORK, kill_at=time.time() - 1))
    return executor


def test_one_machine_does_what_there_is_no_room_for_on_several(machines):
    executor = waits_for_room(machines)
    assert told(executor, machines) == []
    assert machines.killed == ["job/0"]
    assert told(executor, machines) == []
    assert not machines.reserved
    assert machines.begun["job"].member is None
    end = Ended("job", End.FINISHED, {"a": 1})
    assert told(executor, machines, end) == [end]


def test_members_that_have_begun_are_not_given_up(machines):
    executor = GangExecutor(machines)
    executor.submit(replace(WORK, kill_at=time.time() - 1))
    assert told(executor, machines, MemberReady("job/0", "10.0.0.1:7")) == []
    assert machines.killed == []
    assert len(machines.begun) == 3


def test_what_is_told_to_end_is_not_begun_by_one_machine(machines):
    executor = waits_for_room(machines)
    executor.poll(0.0)
    executor.kill("job")
    [ended] = told(executor, machines)
    assert (ended.key, ended.end) == ("job", End.KILLED)
    assert "job" not in machines.begun


def test_what_was_left_behind_is_taken_over_by_one_machine(executor, machines):
    assert executor.left_behind() == ["left"]
    executor.take_over(replace(WORK, key="left"))
    assert (machines.taken.key, machines.taken.n_members) == ("left", 1)
    machines.news = [Ended("left", End.FINISHED)]
    assert executor.poll(0.0) == [Ended("left", End.FINISHED)]
