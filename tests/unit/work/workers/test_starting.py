"""What a task may read is what its job's role may read when the task begins."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from api.identities import identity_of
from migrated import migrated_store
from unit.work.world import make_job

from windvane.artifacts.base import Location, ObjectInfo
from windvane.domain.identity import Role
from windvane.work.workers.config import (
    RoleOfBuckets,
    WorkConfig,
    config_from_json,
    config_to_json,
)
from windvane.work.workers.starting import TaskPlaces

NARROW = "arn:aws:iam::000000000000:role/narrow"
ROOT = ("000000000000", "AKIAROOT", "secret")


@pytest.fixture
def store(tmp_path):
    opened = migrated_store(tmp_path)
    yield opened
    opened.close()


def reads(tmp_path, store, role, *uris, roles=()):
    config = WorkConfig(tmp_path, "run", datetime.now(UTC), 1, 4000, roles=roles)
    places = TaskPlaces(config_from_json(config_to_json(config)), store)
    made = make_job()
    job = replace(made, spec=replace(made.spec, role=role))
    may_read = places._may_read(job)
    return [may_read(Location(*uri.split("/", 1))) for uri in uris]


def test_a_declared_role_reads_its_buckets(tmp_path, store):
    roles = (RoleOfBuckets(NARROW, ("data",), ("results",)),)
    assert reads(tmp_path, store, NARROW, "data/x", "secrets/x", roles=roles) == [True, False]


def test_a_role_that_is_gone_reads_nothing(tmp_path, store):
    assert reads(tmp_path, store, NARROW, "data/x") == [False]
    theirs = "arn:aws:iam::444455556666:role/windvane"
    assert reads(tmp_path, store, theirs, "data/x") == [False]


def test_policies_hold_as_they_are_now(tmp_path, store):
    """A manifest, or what lies under a prefix, may have changed since the job was admitted."""
    parts = identity_of([ROOT], store=store)
    trust = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": "sagemaker.amazonaws.com"},
    }
    made = Role(
        account=ROOT[0], name="jobs", id="", created=datetime.now(UTC),
        trust=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )  # fmt: skip
    role = parts.roles.create(made, [])
    statements = [
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::data/train/*"},
        {"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::data/train/secret*"},
    ]
    text = json.dumps({"Version": "2012-10-17", "Statement": statements})
    parts.principals.put_inline(Role, ROOT[0], "jobs", "p", text)
    found = reads(tmp_path, store, role.arn, "data/train/a", "data/train/secret.csv", "data/b")
    assert found == [True, False, False]
    parts.principals.delete_inline(Role, ROOT[0], "jobs", "p")
    assert reads(tmp_path, store, role.arn, "data/train/a") == [False]


def test_an_object_that_came_later_is_decrypted_only_for_a_role_that_may(tmp_path, store):
    """The role was asked about the keys of the objects that were there when the job was created, and of no others."""
    key = "arn:aws:kms:us-east-1:000000000000:key/1234abcd-12ab-34cd-56ef-1234567890ab"

    class Under:
        def info(self, location):
            return ObjectInfo(location, 1, "e", key if location.key.endswith("secret") else "")

    parts = identity_of([ROOT], store=store)
    trust = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": "sagemaker.amazonaws.com"},
    }
    made = Role(
        account=ROOT[0], name="jobs", id="", created=datetime.now(UTC),
        trust=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )  # fmt: skip
    role = parts.roles.create(made, [])
    allowed = [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]

    def found():
        text = json.dumps({"Version": "2012-10-17", "Statement": allowed})
        parts.principals.put_inline(Role, ROOT[0], "jobs", "p", text)
        places = TaskPlaces(WorkConfig(tmp_path, "run", datetime.now(UTC), 1, 4000), store)
        places._artifacts = Under()
        job = make_job()
        may_read = places._may_read(replace(job, spec=replace(job.spec, role=role.arn)))
        return [may_read(Location("data", name)) for name in ("plain", "secret")]

    assert found() == [True, False]
    allowed.append({"Effect": "Allow", "Action": "kms:Decrypt", "Resource": key})
    assert found() == [True, True]
