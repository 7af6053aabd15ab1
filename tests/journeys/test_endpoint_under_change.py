"""An endpoint keeps its word while it is updated and its processes are killed: no request fails."""

import itertools

import pytest
from journeys.deploying import Deploying, kill
from journeys.load import Load


@pytest.fixture(scope="module")
def deploying(server, packed):
    return Deploying(server, packed)


def play(deploying, name, packed, acts, *, instances, rate, threads, n_answers):
    """Update ("u") and kill ("k") one after the other, at even distances among so many answers."""
    others = deploying.model_processes()
    configs = [f"{name}-{number}" for number in range(2)]
    members = {"InitialInstanceCount": instances, "InstanceType": "ml.m5.large"}
    deploying.create_config(configs[0], deploying.pipeline(), **members)
    deploying.create_config(configs[1], deploying.whole("labels"), **members)
    deploying.create(name, configs[0])
    turns = itertools.cycle([configs[1], configs[0]])

    def update():
        load.wait_for(lambda: deploying.status(name) == "InService")
        deploying.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=next(turns))

    def kill_one():
        load.wait_for(lambda: deploying.model_processes() - others)
        kill(min(deploying.model_processes() - others))

    with Load(deploying.server, name, packed.row, rate, threads).running() as load:
        for number, act in enumerate(acts, 1):
            load.wait_for(lambda n=number: load.n_answers >= n_answers * n / (len(acts) + 1))
            {"u": update, "k": kill_one}[act]()
        load.wait_for(lambda: load.n_answers >= n_answers)
        load.wait_for(lambda: deploying.status(name) == "InService")
        load.wait_for(lambda: len(load.answers) == 2)
    assert load.failures == []
    assert set(load.answers) == {b"yes\n", b"\"['no', 'yes']\"\n"}
    deploying.delete(name)


def test_an_update_and_a_killed_process_lose_no_request(deploying, packed):
    play(deploying, "changed", packed, "uk", instances=1, rate=30, threads=16, n_answers=200)


@pytest.mark.long
def test_two_minutes_with_five_updates_and_three_killed_processes_lose_no_request(
    deploying, packed
):
    acts, n_answers = "ukuukuku", 12_000
    play(deploying, "long", packed, acts, instances=2, rate=100, threads=64, n_answers=n_answers)
