"""What a store owes about resources, tags and bucket owners."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta

import pytest

from windvane.domain.candidate import Candidate, CandidateStatus
from windvane.domain.deployment import Endpoint, EndpointStatus, Model
from windvane.domain.job import AutoMLJob, JobStatus
from windvane.domain.task import NewTask, TaskKind
from windvane.errors import WrongTransition
from windvane.names import Scope
from windvane.notes.note import said
from windvane.store.base import OrderBy, Query, Store
from windvane.testing.store_laws.place import (
    HOME,
    START,
    a_candidate,
    a_job,
    a_model,
    an_endpoint,
)

ELSEWHERE = [Scope("111111111111", "us-east-1"), Scope("000000000000", "eu-west-1")]


class ResourceLaws:
    def test_a_record_is_found_whatever_the_case_of_its_name(self, store: Store) -> None:
        with store.transaction() as tx:
            tx.insert(a_model("My-Model"))
            assert tx.find(Model, HOME, "mY-mODEL") == a_model("My-Model")
            assert tx.by_arn(Model, a_model("MY-model").arn) == a_model("My-Model")
            assert tx.by_arn(Model, a_model("My-Model").arn.upper()) == a_model("My-Model")

    def test_a_taken_name_is_refused_whatever_its_case_and_leaves_the_first(
        self, store: Store
    ) -> None:
        with store.transaction() as tx:
            assert tx.insert(a_model("My-Model"))
            assert not tx.insert(a_model("my-model", created_s=9))
            assert tx.find(Model, HOME, "my-model") == a_model("My-Model")

    def test_the_same_name_is_free_in_another_kind(self, store: Store) -> None:
        with store.transaction() as tx:
            assert tx.insert(a_model("same"))
            assert tx.insert(a_job("same"))
            assert tx.find(AutoMLJob, HOME, "same") == a_job("same")
            assert tx.by_arn(AutoMLJob, a_model("same").arn) is None

    @pytest.mark.parametrize("scope", ELSEWHERE, ids=["account", "region"])
    def test_scopes_share_nothing(self, store: Store, scope: Scope) -> None:
        with store.transaction() as tx:
            tx.insert(a_model("same"))
            assert tx.find(Model, scope, "same") is None
            assert tx.insert(a_model("same", scope=scope))
            tx.delete(a_model("same", scope=scope))
            assert tx.find(Model, HOME, "same") == a_model("same")
            assert tx.count(Model, [""], scope) == 0

    def test_an_update_replaces_the_whole_record(self, store: Store) -> None:
        changed = a_job(status=JobStatus.STOPPING, modified_s=5)
        with store.transaction() as tx:
            tx.insert(a_job())
            tx.update(changed)
            assert tx.find(AutoMLJob, HOME, "job") == changed
            assert tx.every(AutoMLJob, [JobStatus.IN_PROGRESS]) == []
            assert tx.every(AutoMLJob, [JobStatus.STOPPING]) == [changed]

    def test_a_status_that_does_not_follow_on_its_own_is_refused(self, store: Store) -> None:
        with store.transaction() as tx:
            tx.insert(a_job(status=JobStatus.COMPLETED))
        with pytest.raises(WrongTransition), store.transaction() as tx:
            tx.update(a_job(status=JobStatus.IN_PROGRESS))
        with store.snapshot() as tx:
            assert tx.find(AutoMLJob, HOME, "job") == a_job(status=JobStatus.COMPLETED)

    def test_an_update_of_what_is_not_there_is_an_error(self, store: Store) -> None:
        with pytest.raises(KeyError, match="model/model"), store.transaction() as tx:
            tx.update(a_model())

    def test_records_given_out_do_not_change_with_what_the_caller_does(self, store: Store) -> None:
        sent = {"Tags": [{"Key": "a"}]}
        with store.transaction() as tx:
            tx.insert(a_job(sent=sent))
            sent["Tags"].append({"Key": "b"})
            found = tx.find(AutoMLJob, HOME, "job")
            assert found is not None
            assert found.echo.members == {"Tags": [{"Key": "a"}]}
            found.echo.members.clear()
            assert tx.find(AutoMLJob, HOME, "job") == a_job(sent={"Tags": [{"Key": "a"}]})

    def test_what_json_cannot_give_back_is_refused(self, store: Store) -> None:
        with pytest.raises(TypeError, match="datetime at 'Since'"), store.transaction() as tx:
            tx.insert(a_job(sent={"Since": START}))

    def test_a_deleted_record_takes_its_tags_along(self, store: Store) -> None:
        with store.transaction() as tx:
            tx.insert(a_model())
            tx.set_tags(a_model().arn, {"a": "b"})
            tx.delete(a_model("MODEL"))
            assert tx.find(Model, HOME, "model") is None
            assert tx.by_arn(Model, a_model().arn) is None
            assert tx.tags(a_model().arn) == {}
            assert tx.insert(a_model())

    def test_a_deleted_record_takes_along_what_belongs_to_it(self, store: Store) -> None:
        job, other = a_job("job"), a_job("other")
        with store.transaction() as tx:
            for owner in (job, other):
                tx.insert(owner)
                tx.insert(a_candidate(f"{owner.name}-1", parent=owner.arn))
                tx.set_tags(a_candidate(f"{owner.name}-1").arn, {"a": "b"})
                tx.add_tasks(owner.arn, [NewTask(TaskKind.TRAIN, "1")], START)
                middle = a_candidate(f"{owner.name}-1")
                below = a_candidate(f"{owner.name}-1-1", parent=middle.arn)
                tx.insert(below)
                tx.set_tags(below.arn, {"a": "b"})
                tx.add_tasks(below.arn, [NewTask(TaskKind.TRAIN, "1")], START)
            tx.delete(job)
            for name in ("job-1", "job-1-1"):
                assert tx.find(Candidate, HOME, name) is None
                assert tx.tags(a_candidate(name).arn) == {}
                assert tx.tasks(a_candidate(name).arn) == []
            assert tx.tasks(job.arn) == []
            for name in ("other-1", "other-1-1"):
                assert tx.find(Candidate, HOME, name) is not None
                assert tx.tags(a_candidate(name).arn) == {"a": "b"}
            assert len(tx.tasks(other.arn)) == len(tx.tasks(a_candidate("other-1-1").arn)) == 1

    def test_deleting_what_is_gone_does_nothing(self, store: Store) -> None:
        with store.transaction() as tx:
            tx.delete(a_model())
            tx.insert(a_model())
            tx.delete(a_model())
            tx.delete(a_model())

    def test_children_come_oldest_first_and_of_one_kind(self, store: Store) -> None:
        job = a_job()
        young = a_candidate("young", parent=job.arn, created_s=2)
        old = a_candidate("old", parent=job.arn, created_s=1)
        twin = a_candidate("twin", parent=job.arn, created_s=2)
        with store.transaction() as tx:
            for record in (young, old, twin, a_model(parent=job.arn), a_candidate("no-parent")):
                tx.insert(record)
            assert tx.children(Candidate, job.arn) == [old, young, twin]
            assert tx.children(Candidate, "nobody") == []

    def test_records_of_several_names_are_found_together(self, store: Store) -> None:
        with store.transaction() as tx:
            for record in (a_model("Young", created_s=2), a_model("old"), a_model("other")):
                tx.insert(record)
            tx.insert(a_model("old", scope=ELSEWHERE[0], created_s=3))
            names = ["YOUNG", "old", "young", "never-there"]
            assert tx.named(Model, HOME, names) == [a_model("old"), a_model("Young", created_s=2)]
            assert tx.named(Model, HOME, iter(())) == []
            assert tx.named(AutoMLJob, HOME, names) == []

    def test_children_are_counted_by_parent_and_status(self, store: Store) -> None:
        busy, idle = a_job("Busy"), a_job("idle")
        with store.transaction() as tx:
            for number, status in enumerate(["InProgress", "Failed", "InProgress"]):
                candidate = a_candidate(f"c{number}", parent=busy.arn)
                tx.insert(replace(candidate, status=CandidateStatus(status)))
            tx.insert(a_candidate("other", parent=a_job("other").arn))
            tx.insert(a_model("model", parent=idle.arn))
            counts = tx.child_counts(Candidate, [busy.arn.upper(), idle.arn])
            assert counts == {busy.arn.upper(): {"Failed": 1, "InProgress": 2}}
            assert tx.child_counts(Candidate, iter(())) == {}

    def test_every_looks_into_all_scopes(self, store: Store) -> None:
        here = an_endpoint("here", status=EndpointStatus.CREATING)
        there = an_endpoint("there", status=EndpointStatus.UPDATING, scope=ELSEWHERE[0])
        ready = an_endpoint("ready", status=EndpointStatus.IN_SERVICE)
        with store.transaction() as tx:
            for record in (here, there, ready):
                tx.insert(record)
            found = tx.every(Endpoint, [EndpointStatus.CREATING, EndpointStatus.UPDATING])
            assert found == [here, there]
            assert tx.every(Endpoint, []) == []

    def test_every_of_an_account_looks_into_its_regions_alone(self, store: Store) -> None:
        account, region = HOME.account, HOME.region
        failed = EndpointStatus.FAILED
        here = an_endpoint("a", status=failed)
        there = an_endpoint("b", status=failed, scope=Scope(account, "eu-west-1"))
        others = an_endpoint("c", status=failed, scope=Scope("999999999999", region))
        with store.transaction() as tx:
            for record in (here, others, there):
                tx.insert(record)
            statuses = list(EndpointStatus)
            assert tx.every(Endpoint, statuses, account) == [here, there]
            assert tx.every(Endpoint, statuses, "888888888888") == []
            assert tx.count(Endpoint, statuses, account=account) == 2
            assert tx.count(Endpoint, statuses, HOME, account) == 1
            assert tx.count(Endpoint, statuses) == 3

    def test_counts_are_by_kind_status_and_scope(self, store: Store) -> None:
        with store.transaction() as tx:
            tx.insert(a_job("a"))
            tx.insert(a_job("b", status=JobStatus.COMPLETED))
            tx.insert(a_job("c", scope=ELSEWHERE[0]))
            tx.insert(a_model())
            assert tx.count(AutoMLJob, [JobStatus.IN_PROGRESS]) == 2
            assert tx.count(AutoMLJob, [JobStatus.IN_PROGRESS], HOME) == 1
            assert tx.count(AutoMLJob, list(JobStatus), HOME) == 2
            assert tx.count(AutoMLJob, []) == 0
            assert tx.counts_by_status(AutoMLJob) == {"InProgress": 2, "Completed": 1}
            assert tx.counts_by_status(Endpoint) == {}

    def test_a_kind_without_status_counts_under_the_empty_text(self, store: Store) -> None:
        with store.transaction() as tx:
            tx.insert(a_model())
            assert tx.count(Model, [""]) == 1
            assert tx.counts_by_status(Model) == {"": 1}

    def test_unusual_scores_are_stored(self, store: Store) -> None:
        with store.transaction() as tx:
            for name, score in (("inf", math.inf), ("small", 5e-324), ("nan", math.nan)):
                tx.insert(a_candidate(name, score=score))
            found = {name: tx.find(Candidate, HOME, name) for name in ("inf", "small", "nan")}
        scores = {name: record.score for name, record in found.items() if record is not None}
        assert scores["inf"] == math.inf
        assert scores["small"] == 5e-324
        assert scores["nan"] is not None
        assert math.isnan(scores["nan"])

    def test_any_text_survives(self, store: Store) -> None:
        text = "umlaut ü, snowman \u2603, emoji \U0001f600, nul \x00, half \ud800, quote ' \" \\"
        record = replace(a_job(sent={text: text}), failure=said(text))
        with store.transaction() as tx:
            tx.insert(record)
            assert tx.find(AutoMLJob, HOME, "job") == record


class TagLaws:
    def test_tags_come_in_the_order_of_their_keys(self, store: Store) -> None:
        with store.transaction() as tx:
            tx.set_tags("arn", {"b": "1", "B": "2", "a": "3", "ä": "4"})
            assert list(tx.tags("arn").items()) == [("B", "2"), ("a", "3"), ("b", "1"), ("ä", "4")]

    def test_setting_tags_adds_and_replaces(self, store: Store) -> None:
        with store.transaction() as tx:
            tx.set_tags("arn", {"a": "1", "b": "2"})
            tx.set_tags("arn", {"b": "3", "c": ""})
            tx.set_tags("arn", {})
            assert tx.tags("arn") == {"a": "1", "b": "3", "c": ""}
            assert tx.tags("another") == {}

    def test_tags_of_many_are_those_of_each(self, store: Store) -> None:
        with store.transaction() as tx:
            tx.set_tags("Arn", {"b": "1", "a": "2"})
            tx.set_tags("other", {"a": "3"})
            found = tx.tags_of(iter(["other", "Arn", "none"]))
            assert found == {"other": {"a": "3"}, "Arn": {"a": "2", "b": "1"}}
            assert list(found["Arn"]) == ["a", "b"]

    def test_pages_are_narrowed_down_by_tags(self, store: Store) -> None:
        with store.transaction() as tx:
            for name, tags in (("a", {"p": "x"}), ("b", {"p": "y", "old": ""}), ("c", {})):
                tx.insert(a_job(name))
                tx.set_tags(a_job(name).arn, tags)
            tx.insert(a_model("a"))
            tx.set_tags(a_model("a").arn, {"p": "x"})
            for filters, expected in (
                ({"tagged": ("p", "x")}, ["a"]),
                ({"tagged": ("p", "X")}, []),
                ({"has_tag": "old"}, ["b"]),
                ({"lacks_tag": "old"}, ["a", "c"]),
                ({"tagged": ("p", "y"), "lacks_tag": "old"}, []),
            ):
                query = Query(scope=HOME, order=OrderBy.NAME, descending=False, **filters)
                assert [one.name for one in tx.page(AutoMLJob, query).records] == expected
                assert tx.total(AutoMLJob, query) == len(expected)
                assert tx.total(AutoMLJob, query, 1) == min(1, len(expected)), "no more are counted"
                assert tx.total(AutoMLJob, query, 4) == len(expected)

    def test_values_of_a_tag_are_counted_within_kind_and_scope(self, store: Store) -> None:
        with store.transaction() as tx:
            for name, value in (("a", "y"), ("b", "x"), ("c", "y")):
                tx.insert(a_job(name))
                tx.set_tags(a_job(name).arn, {"p": value, "q": "z"})
            tx.insert(a_model("a"))
            tx.set_tags(a_model("a").arn, {"p": "y"})
            assert list(tx.tag_values(AutoMLJob, HOME, "p").items()) == [("x", 1), ("y", 2)]
            assert tx.tag_values(AutoMLJob, ELSEWHERE[0], "p") == {}
            tx.delete(a_job("c"))
            assert tx.tag_values(AutoMLJob, HOME, "p") == {"x": 1, "y": 1}, (
                "tags go with their record"
            )

    def test_removing_tags_leaves_the_others(self, store: Store) -> None:
        with store.transaction() as tx:
            tx.set_tags("arn", {"a": "1", "b": "2"})
            tx.set_tags("another", {"a": "1"})
            tx.remove_tags("arn", iter(["a", "never-there"]))
            assert tx.tags("arn") == {"b": "2"}
            assert tx.tags("another") == {"a": "1"}


class BucketLaws:
    def test_a_free_bucket_goes_to_who_claims_it_first(self, store: Store) -> None:
        with store.transaction() as tx:
            assert tx.bucket_owner("b") is None
            assert tx.claim_bucket("b", "first", START) == "first"
            assert tx.claim_bucket("b", "second", START) == "first"
            assert tx.bucket_owner("b") == "first"

    def test_a_released_bucket_is_free_again(self, store: Store) -> None:
        with store.transaction() as tx:
            tx.claim_bucket("b", "first", START)
            tx.release_bucket("b")
            tx.release_bucket("b")
            assert tx.claim_bucket("b", "second", START) == "second"

    def test_buckets_are_listed_by_owner_and_name(self, store: Store) -> None:
        with store.transaction() as tx:
            for bucket, account in (("z", "1"), ("a", "1"), ("m", "2")):
                tx.claim_bucket(bucket, account, START)
            assert tx.buckets("1") == ["a", "z"]
            assert tx.buckets("3") == []


class SpentLaws:
    def test_what_is_good_once_is_spent_once(self, store: Store) -> None:
        later = START + timedelta(hours=1)
        with store.transaction() as tx:
            assert not tx.is_token_used("t")
            assert tx.use_token("t", later, START)
            assert not tx.use_token("t", later, START)
            assert tx.is_token_used("t")
            assert not tx.is_token_used("T")

    def test_what_expired_is_forgotten_when_the_next_is_spent(self, store: Store) -> None:
        with store.transaction() as tx:
            tx.use_token("old", START + timedelta(hours=1), START)
            tx.use_token("new", START + timedelta(hours=9), START + timedelta(hours=1))
            assert not tx.is_token_used("old")
            assert tx.is_token_used("new")
