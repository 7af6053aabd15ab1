"""Faults one after the other, under load, and what must have held once they are over."""

import time
from collections import Counter

import psycopg
from chaos.acts import Predictions, Writes
from chaos.places import wait_until
from journeys.deploying import model_processes_of
from journeys.several import Follower, events_of


class Course:
    """Servers under load.

    deployed      what `endpoints` returned
    rate          predictions a second
    n_redone      returns how many attempts at tasks were not the first, until now
    redone        by fault: how many there were of these
    failed        by kind of fault: requests to endpoints of two instances
    """

    def __init__(self, pair, packed, deployed, jobs, rate, n_redone):
        self._pair, self.jobs, self._n_redone = pair, jobs, n_redone
        deploying, self._of_one, self._of_two = deployed
        self._predictions = Predictions(pair, self._of_one + self._of_two, packed.row, rate)
        self._writes, self._follower = Writes(pair, deploying), Follower(pair)
        self.redone, self.failed = [], Counter()

    def run(self, faults, is_well, recovers_s, ends_s):
        """Have what goes wrong go wrong, and end the jobs.

        faults       pairs of a function, whose name is that of the fault, and what it is said to happen to
        is_well      returns whether all runs again
        recovers_s   within which it has to
        ends_s       within which all jobs have to end after the last fault
        """
        before = self._n_redone()
        with (
            self._predictions.running(),
            self._writes.running(),
            self._follower.running() as follower,
        ):
            self.jobs.look()
            for number, (fault, victim) in enumerate(faults):
                began = time.monotonic()
                fault()
                wait_until(is_well, recovers_s)
                self.jobs.look()
                self.redone.append(self._n_redone() - before)
                before += self.redone[-1]
                now = sum(len(self._predictions.failures[name]) for name in self._of_two)
                self.failed[fault.__name__] += now - self.failed.total()
                print(
                    f"{number} {fault.__name__} of {victim}: well after {time.monotonic() - began:.1f} s, "
                    f"{self.redone[-1]} tasks redone, {self.failed[fault.__name__]} requests failed",
                    flush=True,
                )
            self.jobs.begin_no_more()
            wait_until(self.jobs.are_over, ends_s)
            self._expected = events_of(self._pair[1])
            follower.wait_for(self._expected[-1])

    def are_hosted(self):
        """Whether each instance of each endpoint runs once."""
        expected = len(self._of_one) + 2 * len(self._of_two)
        return sum(len(model_processes_of(server)) for server in self._pair) == expected

    def tell(self):
        failures, jobs = self._predictions.failures, self.jobs.ended.values()
        n_failed = {
            kind: sum(len(failures[name]) for name in names)
            for kind, names in (("one instance", self._of_one), ("two instances", self._of_two))
        }
        ends = Counter(job["AutoMLJobStatus"] for job in jobs)
        writes = self._writes
        print(
            f"{sum(self._predictions.answers.values())} predictions, failed: {n_failed}, "
            f"slowest {self._predictions.slowest_s:.1f} s; {len(writes.objects)} objects and {len(writes.models)} models "
            f"acknowledged, {writes.n_refused} refused; jobs: {dict(ends)}; tasks redone: {sum(self.redone)} in "
            f"{len(self.redone)} faults, at most {max(self.redone)}"
        )

    def check(self):
        """No request failed that two instances could answer, nothing acknowledged is lost, every event came once, and every
        job that did not complete says why."""
        failures = self._predictions.failures
        assert [failures[name] for name in self._of_two if failures[name]] == []
        assert len(self._predictions.bodies) == 1
        for server in self._pair:
            assert self._writes.lost(server) == []
        assert self._follower.seen == self._expected
        for name, job in self.jobs.ended.items():
            assert job["AutoMLJobStatus"] == "Completed" or job["FailureReason"], name


def n_claimed_again(place):
    """Claims of tasks that were not the first, whoever made them: each raises the token of its task."""
    with psycopg.connect(place.url) as connection:
        query = "SELECT coalesce(sum(greatest(token - 1, 0)), 0) FROM tasks"
        return connection.execute(query).fetchone()[0]
