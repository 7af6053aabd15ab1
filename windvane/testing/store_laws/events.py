"""What a store owes about events."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from windvane.domain.candidate import CandidateStatus, Metric, TrainingJob
from windvane.domain.deployment import EndpointStatus
from windvane.domain.events import DETAIL_TYPES, Event
from windvane.domain.job import AutoMLJob, JobStatus, SecondaryStatus
from windvane.domain.problem import MetricName
from windvane.names import Scope
from windvane.notes.note import said
from windvane.store.base import Store
from windvane.store.outbox import Subscriber
from windvane.testing.store_laws.place import (
    HOME,
    START,
    StorePlace,
    a_candidate,
    a_job,
    a_model,
    an_endpoint,
    at,
)

ELSEWHERE = Scope("111111111111", "us-east-1")


def every_event(store: Store, after: int = 0) -> list[Event]:
    with store.snapshot() as tx:
        return tx.events(after=after, limit=1000)


def details(store: Store) -> list[dict[str, Any]]:
    return [json.loads(event.document)["detail"] for event in every_event(store)]


class EventLaws:
    def test_each_change_of_a_state_is_an_event_and_nothing_else_is(self, store: Store) -> None:
        job = a_job()
        tuning = replace(job, secondary=SecondaryStatus.MODEL_TUNING, modified=at(1))
        with store.transaction() as tx:
            tx.insert(job)
            assert not tx.insert(job)
            tx.update(replace(job, modified=at(1)))
            tx.update(tuning)
            tx.update(replace(tuning, best_candidate="b", modified=at(2)))
            tx.update(replace(tuning, status=JobStatus.COMPLETED, modified=at(3)))
            tx.insert(a_model())
            tx.delete(a_model())
        told = [
            (detail["AutoMLJobStatus"], detail["AutoMLJobSecondaryStatus"])
            for detail in details(store)
        ]
        assert told == [
            ("InProgress", "Starting"),
            ("InProgress", "ModelTuning"),
            ("Completed", "ModelTuning"),
        ]

    def test_an_event_has_the_shape_of_eventbridge(self, store: Store) -> None:
        with store.transaction() as tx:
            tx.insert(a_job("Job"))
        [event] = every_event(store)
        document = json.loads(event.document)
        assert set(document) == {
            *("version", "id", "detail-type", "source", "account", "time", "region"),
            *("resources", "detail"),
        }
        assert document["version"] == "0"
        assert document["id"] == event.id
        assert document["detail-type"] == event.detail_type
        assert event.detail_type in DETAIL_TYPES
        assert document["source"] == "windvane"
        assert (document["account"], document["region"]) == (HOME.account, HOME.region)
        assert document["resources"] == [a_job("Job").arn]
        assert document["time"] == "2026-01-02T03:04:05Z"

    def test_a_candidate_belongs_to_its_job_and_tells_its_objective(self, store: Store) -> None:
        job = replace(a_job("Job"), objective=MetricName.F1)
        candidate = a_candidate(parent=job.arn)
        done = replace(
            candidate,
            status=CandidateStatus.COMPLETED,
            metrics=(
                Metric(MetricName.AUC, 0.5),
                Metric(MetricName.F1, 0.25, "Validation", float("nan")),
            ),
        )
        with store.transaction() as tx:
            tx.insert(job)
            tx.insert(candidate)
            tx.update(done)
            owned = tx.events(after=0, limit=10, owner=job.arn.upper())
        assert [event.detail_type.split()[2] for event in owned] == [
            "Job",
            "Candidate",
            "Candidate",
        ]
        last = json.loads(owned[-1].document)
        assert last["resources"] == [job.arn]
        assert last["detail"]["AutoMLJobName"] == "Job"
        assert last["detail"]["FinalAutoMLJobObjectiveMetric"] == {
            "MetricName": "F1",
            "Value": 0.25,
            "StandardError": "nan",
        }

    def test_an_endpoint_is_told_of_to_its_end(self, store: Store) -> None:
        endpoint = an_endpoint(status=EndpointStatus.CREATING)
        with store.transaction() as tx:
            tx.insert(endpoint)
            tx.update(replace(endpoint, status=EndpointStatus.IN_SERVICE))
            tx.delete(endpoint)
            tx.delete(endpoint)
        assert [detail["EndpointStatus"] for detail in details(store)] == [
            "CREATING",
            "IN_SERVICE",
            "DELETED",
        ]

    def test_no_event_holds_what_only_the_owner_of_a_job_should_read(self, store: Store) -> None:
        canary = "canary-4711"
        step = TrainingJob(
            scope=HOME,
            name="step",
            created=START,
            modified=START,
            details={
                "HyperParameters": {"a": canary},
                "Environment": {"b": canary},
                "RoleArn": "r",
            },
            failure=said(f"The cell '{canary}' is no number."),
        )
        with store.transaction() as tx:
            tx.insert(step)
            tx.insert(replace(a_job(sent={"x": canary}), failure=said(canary)))
            tx.insert(replace(a_candidate(), hyperparameters={"a": canary}, failure=said(canary)))
        assert len(every_event(store)) == 3
        assert not any(canary in event.document for event in every_event(store))

    def test_sequences_grow_in_the_order_of_commits_and_are_never_used_again(
        self, store: Store
    ) -> None:
        def fail() -> None:
            with store.transaction() as tx:
                tx.insert(a_job("rolled-back"))
                raise ZeroDivisionError

        with store.transaction() as tx:
            tx.insert(a_job("one"))
        with pytest.raises(ZeroDivisionError):
            fail()
        with store.transaction() as tx:
            tx.insert(a_job("two", scope=ELSEWHERE))
        first, second = every_event(store)
        assert first.sequence < second.sequence
        assert every_event(store, after=first.sequence) == [second]
        with store.transaction() as tx:
            assert tx.last_event() == second.sequence
            assert tx.events(after=0, limit=1, scope=ELSEWHERE) == [second]
            assert tx.forget_events(at(1), 10) == 2
            tx.insert(a_job("three"))
        [third] = every_event(store)
        assert third.sequence > second.sequence

    def test_the_oldest_events_are_forgotten_in_pieces(self, store: Store) -> None:
        with store.transaction() as tx:
            for n in range(4):
                tx.insert(a_job(f"job-{n}", created_s=n, modified_s=n))
            assert tx.forget_events(at(2.5), 2) == 2
            assert tx.forget_events(at(2.5), 2) == 1
            assert tx.forget_events(at(2.5), 2) == 0
        assert [detail["AutoMLJobName"] for detail in details(store)] == ["job-3"]

    def test_an_event_is_there_when_its_change_is_for_any_process(
        self, store: Store, place: StorePlace
    ) -> None:
        with store.transaction() as tx:
            tx.insert(a_job())
        other = place.open()
        with other.snapshot() as tx:
            assert tx.find(AutoMLJob, HOME, "job") is not None
            assert len(tx.events(after=0, limit=9)) == 1
        other.close()

    def test_subscribers_are_kept(self, store: Store) -> None:
        with store.transaction() as tx:
            assert tx.subscriber("a") is None
            tx.put_subscriber(Subscriber("a", 3))
            tx.put_subscriber(Subscriber("b", 4))
            tx.put_subscriber(Subscriber("a", 5, 2))
            assert tx.subscriber("a") == Subscriber("a", 5, 2)
            assert tx.subscriber("b") == Subscriber("b", 4, 0)
