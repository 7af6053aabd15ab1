"""Network isolation and declared networks, as every operation takes and repeats them."""

from __future__ import annotations

from typing import Any

import pytest
from api.steps import put_inputs, split_request, training_request
from api.test_auto_ml_job_v2 import request as v2_request
from api.world import World, refusal

from windvane.control.networks import Networks
from windvane.settings import NetworkSettings

VPC = {"SecurityGroupIds": ["sg-a"], "Subnets": ["subnet-a", "subnet-b"]}


def faults(networks: Networks, **asked: Any) -> list[str]:
    return list(networks.rule()(asked))


def test_a_job_of_either_version_repeats_its_network(world: World) -> None:
    world.create_job("one", AutoMLJobConfig={"SecurityConfig": {"VpcConfig": VPC}})
    config = world.client().describe_auto_ml_job(AutoMLJobName="one")["AutoMLJobConfig"]
    assert config["SecurityConfig"]["VpcConfig"] == VPC
    request = v2_request(AutoMLJobName="two", SecurityConfig={"VpcConfig": VPC})
    world.client().create_auto_ml_job_v2(**request)
    told = world.client().describe_auto_ml_job_v2(AutoMLJobName="two")
    assert told["SecurityConfig"]["VpcConfig"] == VPC


def test_a_fault_is_told_in_the_words_of_the_second_version(world: World) -> None:
    other = {"SecurityGroupIds": ["sg-a"], "Subnets": ["subnet-1"]}
    request = v2_request(SecurityConfig={"VpcConfig": other})
    code, message = refusal(world.client().create_auto_ml_job_v2, **request)
    assert code == "ValidationException"
    assert "'securityConfig.vpcConfig.subnets.1.member'" in message


def test_steps_repeat_their_isolation_and_network(world: World) -> None:
    put_inputs(world)
    asked = {"EnableNetworkIsolation": True, "VpcConfig": VPC}
    client = world.client()
    client.create_training_job(**training_request("t", **asked))
    told = client.describe_training_job(TrainingJobName="t")
    assert {name: told[name] for name in asked} == asked
    client.create_processing_job(**split_request("p", NetworkConfig=asked))
    assert client.describe_processing_job(ProcessingJobName="p")["NetworkConfig"] == asked


def test_what_is_asked_for_must_belong_to_one_network() -> None:
    networks = Networks((NetworkSettings(("s-1",), ("g-1",)), NetworkSettings(("s-2",), ("g-2",))))
    assert not faults(networks, VpcConfig={"Subnets": ["s-1"], "SecurityGroupIds": ["g-1"]})
    [fault] = faults(networks, VpcConfig={"Subnets": ["s-1"], "SecurityGroupIds": ["g-2"]})
    assert "must belong to one network" in fault


def test_where_nothing_is_declared_the_refusal_says_so() -> None:
    [fault, _] = faults(Networks(), VpcConfig=VPC | {"Subnets": ["s-1"]})
    assert fault.endswith(
        "is not declared on this server ([[networks]] in its configuration): none is."
    )


@pytest.mark.parametrize("asked", [{"EnableNetworkIsolation": True}, {"VpcConfig": VPC}])
def test_a_machine_that_cannot_isolate_says_so(asked: dict[str, Any]) -> None:
    [fault] = faults(Networks(lacks="its machine has neither of two."), **asked)
    assert fault.endswith("cannot be honoured on this server: its machine has neither of two.")
    assert not faults(Networks(lacks="it lacks both."), EnableNetworkIsolation=False)
