"""Policies that allow or deny by region hold for what a job finds in a manifest when it runs, not only when it is admitted."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from api.accounts import Accounts, allow
from api.identities import identity_of
from unit.work.world import make_job

from windvane.artifacts.base import Location, ObjectInfo
from windvane.artifacts.embedded import EmbeddedFolder
from windvane.domain.identity import Role
from windvane.errors import AccessDenied, InvalidRequest
from windvane.objects.store import open_objects
from windvane.store.open import open_store
from windvane.work.workers.config import WorkConfig, config_from_json, config_to_json
from windvane.work.workers.starting import TaskPlaces

ACCOUNT, HERE, THERE = "000000000000", "us-east-1", "eu-west-1"
KEY = "41" * 32


@pytest.mark.parametrize(
    ("statements", "is_near", "is_far"),
    [
        ([("Allow", {}), ("Deny", {"StringEquals": {"aws:RequestedRegion": THERE}})], True, False),
        ([("Allow", {"StringEquals": {"aws:RequestedRegion": HERE}})], True, False),
        ([("Allow", {"StringEquals": {"aws:RequestedRegion": THERE}})], False, True),
    ],
)
def test_a_task_is_where_the_bucket_is_not_where_its_job_is(
    tmp_path: Path, statements: list[tuple[str, dict[str, Any]]], is_near: bool, is_far: bool
) -> None:
    """A manifest that was changed once its job was admitted read, and a job wrote, in a region that its role might not use;
    and where the role might use the bucket's region alone, the job was admitted and failed."""
    may_read, may_write = _rights(tmp_path, statements)
    for may in (may_read, may_write):
        assert may(Location("near", "k")) is is_near
        assert may(Location("far", "k")) is is_far


def test_a_key_is_in_its_own_region_whatever_a_request_is_signed_for(tmp_path: Path) -> None:
    """Whoever might use keys in one region alone had objects of another region decrypted by a request, or a job, that was signed
    for the first."""
    accounts = Accounts(tmp_path)
    here = {"StringEquals": {"aws:RequestedRegion": HERE}}
    caller = accounts.caller(accounts.user("near", allow("s3:*"), allow("kms:*", Condition=here)))
    near, far = (f"arn:aws:kms:{region}:{caller.account}:key/k" for region in (HERE, THERE))
    roles = accounts.roles
    roles.authorize_s3(caller, "kms:Decrypt", near)
    with pytest.raises(AccessDenied):
        roles.authorize_s3(caller, "kms:Decrypt", far)
    of_jobs = roles.of_caller(caller)
    of_jobs.require_key(near, "kms:Decrypt")
    with pytest.raises(InvalidRequest):
        of_jobs.require_key(far, "kms:Decrypt")
    assert [of_jobs.may_use_key(key, "kms:Decrypt") for key in (near, far)] == [True, False]
    accounts.close()


@pytest.mark.parametrize(("region", "may"), [(HERE, True), (THERE, False)])
def test_a_task_decrypts_where_the_key_is(tmp_path: Path, region: str, may: bool) -> None:
    key = f"arn:aws:kms:{region}:{ACCOUNT}:key/k"

    class Under:
        """A store whose objects are under the key."""

        def info(self, location: Location) -> ObjectInfo:
            return ObjectInfo(location, 1, "e", key)

    allowed = [("Allow", {"StringEquals": {"aws:RequestedRegion": HERE}})]
    may_read, _ = _rights(tmp_path, allowed, actions=["s3:*", "kms:*"], artifacts=Under())
    assert may_read(Location("near", "k")) is may


def _rights(
    folder: Path,
    statements: list[tuple[str, dict[str, Any]]],
    actions: Any = "s3:*",
    artifacts: Any = None,
) -> tuple[Any, Any]:
    """What a job in HERE may read and write now; `near` is a bucket there, `far` one in THERE."""
    objects = open_objects(folder / "objects")
    objects.create_bucket("near", ACCOUNT, HERE)
    objects.create_bucket("far", ACCOUNT, THERE)
    store = open_store("", folder)
    store.migrate()
    parts = identity_of([(ACCOUNT, "AKIAROOT", "secret")], store=store)
    trust = {"Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
    made = Role(
        account=ACCOUNT,
        name="jobs",
        id="",
        created=datetime.now(UTC),
        trust=_policy([{"Effect": "Allow", **trust}]),
    )
    role = parts.roles.create(made, [])
    everything = {"Action": actions, "Resource": "*"}
    text = _policy([{"Effect": one, **everything, "Condition": when} for one, when in statements])
    parts.principals.put_inline(Role, ACCOUNT, "jobs", "p", text)
    lies = EmbeddedFolder(folder / "objects", ACCOUNT, HERE)
    config = WorkConfig(folder, "run", datetime.now(UTC), 1, 4000, objects=lies, master_keys=(KEY,))
    places = TaskPlaces(config_from_json(config_to_json(config)), store)
    places._artifacts = artifacts or config.artifacts()
    job = make_job()
    assert job.scope.region == HERE
    job = replace(job, spec=replace(job.spec, role=role.arn))
    return places._may_read(job), places._may_write(job)


def _policy(statements: list[dict[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})
