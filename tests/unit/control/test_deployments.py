"""control/deployments.py"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from api.records import finished_candidate, job_record
from api.world import SCOPE
from migrated import migrated_store

from windvane.control.deployments import deploy_candidate
from windvane.domain.deployment import Endpoint, EndpointConfig, EndpointStatus, Model
from windvane.domain.job import AutoMLJob
from windvane.errors import InvalidRequest
from windvane.store.base import Store

NOW = datetime(2026, 1, 2, tzinfo=UTC)
JOB = job_record(NOW, "Churn", endpoint_name="Churn-abc")
CANDIDATE = finished_candidate(NOW)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = migrated_store(tmp_path)
    yield store
    store.close()


def deploy(store: Store, job: AutoMLJob = JOB, limit: int = 20) -> Endpoint:
    with store.transaction() as tx:
        return deploy_candidate(tx, job, CANDIDATE, NOW, instance_limit=limit)


def test_model_config_and_endpoint_are_named_after_the_job_and_hold_its_candidate(
    store: Store,
) -> None:
    endpoint = deploy(store)
    assert (endpoint.name, endpoint.status) == ("Churn-abc", EndpointStatus.CREATING)
    (deployed,) = endpoint.desired
    assert deployed.containers == CANDIDATE.containers
    with store.snapshot() as tx:
        config = tx.find(EndpointConfig, SCOPE, endpoint.config_name)
        model = tx.find(Model, SCOPE, deployed.variant.model_name)
    assert config is not None
    assert model is not None
    assert config.name == model.name
    assert config.name.startswith("Churn-")
    assert config.variants == (deployed.variant,)
    assert model.request["ExecutionRoleArn"] == JOB.spec.role


def test_responses_have_probabilities_where_the_job_says_so_and_else_the_label_alone(
    store: Store,
) -> None:
    model = {
        "SAGEMAKER_INFERENCE_OUTPUT": "predicted_label",
        "SAGEMAKER_INFERENCE_SUPPORTED": "predicted_label,probability",
    }
    last = {**model, "SAGEMAKER_INFERENCE_INPUT": "predicted_label"}
    containers = tuple(
        replace(CANDIDATE.containers[0], environment=one) for one in ({"A": "1"}, model, last)
    )
    candidate = replace(CANDIDATE, containers=containers)
    told = replace(job_record(NOW, "told"), endpoint_name="told")
    with store.transaction() as tx:
        (plain,) = deploy_candidate(tx, JOB, candidate, NOW).desired
        tx.set_tags(told.arn, {"windvane:responses": "probabilities"})
        (full,) = deploy_candidate(tx, told, candidate, NOW).desired
    assert plain.containers == containers
    first, second, third = (one.environment for one in full.containers)
    assert first == {"A": "1"}
    assert second["SAGEMAKER_INFERENCE_OUTPUT"] == "predicted_label,probability"
    assert third["SAGEMAKER_INFERENCE_INPUT"] == second["SAGEMAKER_INFERENCE_OUTPUT"]
    assert third["SAGEMAKER_INFERENCE_OUTPUT"] == "predicted_label,probability"


def test_a_taken_endpoint_name_leaves_nothing_behind(store: Store) -> None:
    deploy(store)
    other = replace(job_record(NOW, "other"), endpoint_name="churn-ABC")
    with (
        store.transaction() as tx,
        pytest.raises(InvalidRequest, match="Cannot create already existing endpoint"),
    ):
        deploy_candidate(tx, other, CANDIDATE, NOW)
    with store.snapshot() as tx:
        assert next(model.name for model in tx.children(Model, "")).startswith("Churn-")
        assert len(tx.children(Model, "")) == len(tx.children(EndpointConfig, "")) == 1


def test_a_used_up_quota_leaves_nothing_behind(store: Store) -> None:
    with pytest.raises(InvalidRequest, match="'instances for endpoint usage' is 0 Instances"):
        deploy(store, limit=0)
    with store.transaction() as tx, pytest.raises(InvalidRequest, match="is 0 Instances"):
        deploy_candidate(tx, JOB, CANDIDATE, NOW, instance_limit=0)
    with store.snapshot() as tx:
        assert tx.children(Model, "") == tx.children(EndpointConfig, "") == []
