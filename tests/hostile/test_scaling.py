"""Very many targets and policies of autoscaling: the autoscaler looks after those of all accounts every second."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from api.scaled import ADDRESS, TRACKING, Scaled
from api.world import OTHER_ACCOUNT, SCOPE, close, refusal
from sqlalchemy import event

from windvane.control.scaling import targets
from windvane.domain.deployment import Endpoint
from windvane.domain.resource import Resource
from windvane.domain.scaling import ScalableTarget, ScalingPolicy, target_name
from windvane.store import resource_rows

NOW = datetime(2026, 1, 2, tzinfo=UTC)
MANY = 40


@pytest.fixture
def scaled(tmp_path: Path) -> Iterator[Scaled]:
    made = Scaled(tmp_path)
    yield made
    close(made.world)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Counter[type[Resource]]:
    """Records that were read, by their kind."""
    counted: Counter[type[Resource]] = Counter()
    from_body, here = resource_rows.from_body, threading.get_ident()

    def watched(kind: type[Any], text: str) -> Any:
        if threading.get_ident() == here:  # hosting of another store may read in this process
            counted[kind] += 1
        return from_body(kind, text)

    monkeypatch.setattr(resource_rows, "from_body", watched)
    return counted


def test_an_endpoint_is_read_once_however_many_targets_it_has(
    scaled: Scaled, read: Counter[type[Resource]]
) -> None:
    """An endpoint keeps the targets of variants that it had before. It was read for each of them, and all of it was in memory
    at once: 1,000 targets took 700 MB and two seconds of the interpreter, every three seconds, for as long as they stood."""
    add_targets(scaled)
    read.clear()
    scaled.autoscaler.look()
    assert read[Endpoint] == 1


def test_what_cannot_be_scaled_is_not_tried_at_each_look(
    scaled: Scaled, read: Counter[type[Resource]]
) -> None:
    """Its endpoint and its policies were read every second to find out that it was too early."""
    scaled.register(20, 20)
    scaled.client.put_scaling_policy(**ADDRESS, **TRACKING)
    scaled.autoscaler.look()
    [failed] = scaled.activities()
    assert failed["StatusCode"] == "Failed"
    read.clear()
    scaled.autoscaler.look()
    assert (read[Endpoint], read[ScalingPolicy]) == (1, 0)
    scaled.world.clock.advance(301)
    scaled.autoscaler.look()
    assert len(scaled.activities()) == 2


def test_targets_are_counted_over_regions(scaled: Scaled, monkeypatch: pytest.MonkeyPatch) -> None:
    """An account had 500 in each, and there is a region of any name."""
    monkeypatch.setattr(targets, "MOST_TARGETS", 1)
    scaled.register()
    world = scaled.world
    with world.store.transaction() as tx:
        here = tx.find(Endpoint, SCOPE, "e")
        assert here is not None
        for scope in (replace(SCOPE, region="us-east-9"), replace(SCOPE, account=OTHER_ACCOUNT)):
            tx.insert(replace(here, scope=scope))
    elsewhere = world.client(region="us-east-9", service="application-autoscaling")
    given = {**ADDRESS, "MinCapacity": 1, "MaxCapacity": 2}
    assert refusal(elsewhere.register_scalable_target, **given)[0] == "LimitExceededException"
    world.client(OTHER_ACCOUNT, service="application-autoscaling").register_scalable_target(**given)


def test_policies_of_an_endpoint_that_is_deleted_go_in_a_few_statements(scaled: Scaled) -> None:
    """Each took four: 500 targets of 50 policies kept everybody from writing for five seconds, and as many endpoints as were
    deleted together for as many times that."""
    add_targets(scaled, n_policies=MANY)
    statements = 0

    def count(*_: object) -> None:
        nonlocal statements
        statements += 1

    event.listen(scaled.world.store._engine, "before_cursor_execute", count)
    scaled.world.client().delete_endpoint(EndpointName="e")
    assert 0 < statements < 10 * MANY
    assert scaled.targets() == scaled.policies() == []


def add_targets(scaled: Scaled, n_policies: int = 0) -> None:
    """Of variants that the endpoint has no more."""
    endpoint = f"arn:aws:sagemaker:{SCOPE.region}:{SCOPE.account}:endpoint/e"
    with scaled.world.store.transaction() as tx:
        for n in range(MANY):
            target = ScalableTarget(
                scope=SCOPE,
                name=target_name(SCOPE, "e", f"before{n}"),
                created=NOW,
                modified=NOW,
                parent=endpoint,
                endpoint="e",
                variant=f"before{n}",
                min_capacity=1,
                max_capacity=2,
            )
            tx.insert(target)
            for one in range(n_policies):
                tx.insert(_policy(target, one))


def _policy(target: ScalableTarget, number: int) -> ScalingPolicy:
    return ScalingPolicy(
        scope=SCOPE,
        name=f"{target.name}-{number}",
        created=NOW,
        modified=NOW,
        parent=target.arn,
        policy_name=f"p{number}",
        id=f"{target.name}-{number}",
        resource_id=target.resource_id,
        target_value=1.0,
    )
