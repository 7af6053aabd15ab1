"""Endpoints with a key for their volume: models are in memory, and are not loaded anew while the key is disabled."""

import asyncio
import os
from dataclasses import replace

import pytest
from unit.work.hosting.test_hosting import World, one, until

from windvane.domain.deployment import EndpointStatus
from windvane.errors import KeyDisabled
from windvane.notes.sentences import reason
from windvane.process import volatile
from windvane.process.volatile import memory_folder

KEY = "arn:aws:kms:us-east-1:000000000000:key/12345678-1234-1234-1234-123456789012"


@pytest.fixture
def world(tmp_path, monkeypatch):
    monkeypatch.setattr(volatile, "SHARED_MEMORY", tmp_path / "memory")
    (tmp_path / "memory").mkdir()
    (tmp_path / "data").mkdir()
    made = World(tmp_path / "data")
    memory_folder(made.folder).mkdir(mode=0o700)
    yield made
    made.store.close()


def files_below(folder):
    """Names; folders may go while they are looked at."""
    return {name for _, _, names in os.walk(folder) for name in names}


def play(world, scene, check_key=lambda _: None):
    async def run():
        world.start()
        world.hosting._fetching._check_key = check_key
        try:
            await scene()
        finally:
            await world.stop()

    asyncio.run(run())


def test_models_with_a_key_are_in_memory_and_go_with_the_endpoint(world):
    async def scene():
        world.create(replace(one(world.upload("m", 2.5)), volume_key=KEY))
        endpoint = await world.settled()
        assert endpoint.status is EndpointStatus.IN_SERVICE
        assert await world.ask() == 2.5
        assert "manifest.json" in files_below(memory_folder(world.folder))
        assert "manifest.json" not in files_below(world.folder / "endpoints")
        world.update(one(world.upload("n", 3.5)))
        await world.settled()
        assert await world.ask() == 3.5
        await until(lambda: "manifest.json" not in files_below(memory_folder(world.folder)))
        assert "manifest.json" in files_below(world.folder / "endpoints")
        world.change(status=EndpointStatus.DELETING)
        await until(lambda: world.endpoint is None)
        await until(lambda: not list(memory_folder(world.folder).glob("endpoints/*")))

    play(world, scene)


def test_a_disabled_key_keeps_an_endpoint_from_its_model_and_says_so(world):
    asked = []

    def refuse(key):
        asked.append(key)
        raise KeyDisabled(key)

    async def scene():
        world.create(replace(one(world.upload("m")), volume_key=KEY))
        endpoint = await world.settled()
        assert endpoint.status is EndpointStatus.FAILED
        assert f"{KEY} is disabled." in reason(endpoint.failure)
        assert set(asked) == {KEY}
        assert "manifest.json" not in files_below(memory_folder(world.folder))

    play(world, scene, refuse)


def test_what_a_killed_server_left_in_memory_is_removed(world):
    left = memory_folder(world.folder) / "endpoints" / "0123456789ab" / "1"
    left.mkdir(parents=True)
    (left / "model").write_text("x")

    async def scene():
        await until(lambda: not left.parent.exists())

    play(world, scene)
