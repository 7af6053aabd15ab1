import asyncio
import io
import json
import os
import signal
import sys
import tarfile
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from migrated import migrated_store
from unit.work.newer import body_of, write_newer

from windvane.artifacts.base import parse_location
from windvane.artifacts.local import LocalArtifacts
from windvane.domain.candidate import Container
from windvane.domain.deployment import Deployed, Endpoint, EndpointStatus, Serverless, Variant
from windvane.errors import (
    EndpointMissing,
    InvalidRequest,
    ModelFault,
    ModelNotReady,
    Throttled,
)
from windvane.names import Scope
from windvane.notes.sentences import reason
from windvane.serving.pool import Bounds
from windvane.serving.router import Router
from windvane.serving.routes import Invocation
from windvane.store.logbook import LineQuery
from windvane.work.hosting.hosting import Hosting

SCOPE = Scope("000000000000", "us-east-1")
FAKE = Path(__file__).parents[2] / "serving" / "fake_instance.py"
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


HANGS = f"hang:{Path(__file__).parent}/there-is-none"
"""What makes a model process wait for ever."""


class World:
    """A store, a folder of artefacts, and hosting with a router on the running loop."""

    def __init__(self, folder):
        self.folder = folder
        self.store = migrated_store(folder)
        self.artifacts = LocalArtifacts(folder / "s3")
        self.artifacts.ensure_bucket("b")
        self.router = None
        self.hosting = None

    def start(self, load_s=120.0, answer_s=60.0, idle_s=300.0):
        self.router = Router(Bounds(answer_s=answer_s))
        self.hosting = Hosting(
            self.store,
            self.artifacts,
            self.folder,
            self.router,
            program=(sys.executable, str(FAKE)),
            load_s=load_s,
            idle_s=idle_s,
        )
        self.hosting.start()

    async def stop(self):
        await asyncio.to_thread(self.hosting.stop)
        await asyncio.sleep(0.02)

    def upload(self, name, version=1.0, load=""):
        files = {
            "transformers/version": str(version),
            "transformers/load": load,
            "transformers/manifest.json": "",
            "model/manifest.json": "",
        }
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w:gz") as tar:
            for path, text in files.items():
                member = tarfile.TarInfo(path)
                member.size = len(text)
                tar.addfile(member, io.BytesIO(text.encode()))
        uri = f"s3://b/{name}.tar.gz"
        self.artifacts.write(parse_location(uri), archive.getvalue())
        return uri

    def create(self, *deployed):
        endpoint = Endpoint(
            scope=SCOPE,
            name="E",
            created=NOW,
            modified=NOW,
            config_name="first",
            generation=1,
            desired=deployed,
        )
        with self.store.transaction() as tx:
            assert tx.insert(endpoint)
        self.hosting.wake()

    def change(self, **members):
        with self.store.transaction() as tx:
            tx.update(replace(tx.find(Endpoint, SCOPE, "E"), **members))
        self.hosting.wake()

    def update(self, *deployed):
        self.change(
            desired=deployed,
            generation=self.endpoint.generation + 1,
            config_name="second",
            status=EndpointStatus.UPDATING,
        )

    def rescale(self, *deployed):
        self.change(desired=deployed, is_rescaling=True, status=EndpointStatus.UPDATING)

    @property
    def endpoint(self):
        with self.store.snapshot() as tx:
            return tx.find(Endpoint, SCOPE, "E")

    @property
    def why_down(self):
        return self.router.variant(SCOPE, "E", "A")[1].why_down

    async def settled(self):
        await until(lambda: self.endpoint.status not in ("Creating", "Updating"))
        return self.endpoint

    async def ask(self, first="1"):
        answer = await self.router.invoke(SCOPE, "E", Invocation(f"{first},2".encode()))
        return float(answer.body)


def one(uri, name="A", count=1, weight=1.0, serverless=None):
    variant = Variant(name, "m", count, weight, serverless=serverless)
    return Deployed(variant, (Container("image", uri),))


def serverless(uri, **members):
    return one(uri, count=0, serverless=Serverless(2048, **{"max_concurrency": 2} | members))


async def until(condition):
    async with asyncio.timeout(120):
        while not condition():
            await asyncio.sleep(0.01)


def processes():
    """Pids of the model processes that are children of this one and run."""
    pids = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return {pid for pid in pids if _runs_fake(pid)}


def _runs_fake(pid):
    """False too for one that goes while it is looked at."""
    try:
        parent = Path(f"/proc/{pid}/stat").read_text(errors="replace").rsplit(")", 1)[1].split()[1]
        return int(parent) == os.getpid() and str(FAKE).encode() in _words(pid)
    except (FileNotFoundError, ProcessLookupError):
        return False


def _words(pid):
    return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    yield world
    world.store.close()
    assert not processes()


def play(world, scene, **settings):
    async def run():
        world.start(**settings)
        try:
            await scene()
        finally:
            await world.stop()

    asyncio.run(run())


def test_a_new_endpoint_comes_into_service_and_answers(world):
    async def scene():
        world.create(one(world.upload("m", 3.5)))
        endpoint = await world.settled()
        assert endpoint.status is EndpointStatus.IN_SERVICE
        assert endpoint.running == endpoint.desired
        assert (endpoint.running_config_name, endpoint.running_generation) == ("first", 1)
        assert endpoint.modified > NOW
        assert await world.ask() == 3.5

    play(world, scene)


def test_an_endpoint_that_a_newer_version_has_written_is_served_on_as_it_was(world):
    async def scene():
        world.create(one(world.upload("m", 3.5)))
        endpoint = await world.settled()
        [instance] = processes()
        written = write_newer(world.store, endpoint)
        other = replace(endpoint, name="other", running=(), status=EndpointStatus.CREATING)
        with world.store.transaction() as tx:
            assert tx.insert(other)
        world.hosting.wake()

        def is_served():
            with world.store.snapshot() as tx:
                return tx.find(Endpoint, SCOPE, "other").status is EndpointStatus.IN_SERVICE

        await until(is_served)
        assert instance in processes()
        assert await world.ask() == 3.5
        assert body_of(world.store, endpoint) == written

    play(world, scene)


def test_every_instance_of_every_variant_is_a_process(world):
    async def scene():
        uri = world.upload("m")
        world.create(one(uri, "A", count=2), one(uri, "B", count=1))
        await world.settled()
        assert len(processes()) == 3
        assert dict(world.hosting.gauges())["model_instances_up"] == 3

    play(world, scene)


def test_a_model_process_carries_the_data_folder_in_its_environment(world):
    async def scene():
        world.create(one(world.upload("m")))
        await world.settled()
        (pid,) = processes()
        environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        assert f"WINDVANE_DATA_DIR={world.folder}".encode() in environment
        assert b"OMP_NUM_THREADS=1" in environment

    play(world, scene)


def test_an_endpoint_being_created_is_not_ready(world, tmp_path):
    async def scene():
        world.create(one(world.upload("m", load=f"hang:{tmp_path / 'go'}")))
        await until(lambda: processes() and world.router._endpoints)
        with pytest.raises(ModelNotReady, match="Endpoint E is Creating"):
            await world.ask()
        (tmp_path / "go").touch()
        await world.settled()
        assert await world.ask() == 1.0

    play(world, scene)


@pytest.mark.parametrize(
    ("load", "load_s", "says"),
    [
        ("refuse", 120, "Production variant A could not be started: The artefact is damaged."),
        ("die", 120, "The model process was killed by signal 9"),
        (HANGS, 0.5, "The model process was not ready within 0.5 seconds."),
    ],
)
def test_a_model_that_does_not_come_up_makes_the_endpoint_fail(world, load, load_s, says):
    async def scene():
        world.create(one(world.upload("m", load=load)))
        endpoint = await world.settled()
        assert endpoint.status is EndpointStatus.FAILED
        assert says in reason(endpoint.failure)
        await until(lambda: not processes())
        with pytest.raises(InvalidRequest, match="Endpoint E failed: Production variant A"):
            await world.ask()

    play(world, scene, load_s=load_s)


def test_missing_model_data_make_the_endpoint_fail(world):
    async def scene():
        world.create(one("s3://b/nothing.tar.gz"))
        endpoint = await world.settled()
        assert endpoint.status is EndpointStatus.FAILED
        assert "Could not find model data at s3://b/nothing.tar.gz." in reason(endpoint.failure)

    play(world, scene)


def test_data_that_are_no_archive_make_the_endpoint_fail(world):
    async def scene():
        world.artifacts.write(parse_location("s3://b/bad.tar.gz"), b"no archive")
        world.create(one("s3://b/bad.tar.gz"))
        endpoint = await world.settled()
        assert endpoint.status is EndpointStatus.FAILED
        assert "Production variant A could not be started:" in reason(endpoint.failure)

    play(world, scene)


def test_containers_that_cannot_be_served_make_the_endpoint_fail(world):
    async def scene():
        first = one(world.upload("m"))
        world.create(replace(first, containers=first.containers * 2))
        endpoint = await world.settled()
        assert "A model of 2 container(s)" in reason(endpoint.failure)

    play(world, scene)


def test_a_process_that_dies_is_replaced_and_no_request_is_lost(world):
    async def scene():
        world.create(one(world.upload("m")))
        await world.settled()
        for _ in range(2):
            (pid,) = processes()
            os.kill(pid, signal.SIGKILL)
            assert await world.ask() == 1.0
            await until(lambda pid=pid: processes() - {pid})

    play(world, scene)


def test_requests_wait_for_the_successor_of_a_single_instance(world, tmp_path):
    async def scene():
        world.create(one(world.upload("m")))
        await world.settled()
        (pid,) = processes()
        held = asyncio.create_task(world.ask(f"hang:{tmp_path / 'go'}"))
        waiting = [asyncio.create_task(world.ask()) for _ in range(20)]
        await asyncio.sleep(0)
        os.kill(pid, signal.SIGKILL)
        await until(lambda: processes() - {pid})
        (tmp_path / "go").touch()
        assert await asyncio.gather(held, *waiting) == [1.0] * 21

    play(world, scene)


def test_a_request_that_kills_whatever_answers_it_is_a_model_error_and_harms_no_other(world):
    async def scene():
        world.create(one(world.upload("m")))
        await world.settled()
        deadly = asyncio.create_task(world.ask("die"))
        others = [asyncio.create_task(world.ask()) for _ in range(10)]
        with pytest.raises(ModelFault, match="could not load the entire response body"):
            await deadly
        assert await asyncio.gather(*others) == [1.0] * 10

    play(world, scene)


def test_nobody_waits_for_a_model_that_does_not_come_up_any_more(world):
    """Requests waited for a minute each and were answered 429, as if a process were about to come."""

    def break_or_mend(how):
        (file,) = (world.folder / "endpoints").rglob("transformers/load")
        file.write_text(how)

    async def scene():
        world.create(one(world.upload("m")))
        await world.settled()
        (pid,) = processes()
        break_or_mend("die")
        os.kill(pid, signal.SIGKILL)
        await until(lambda: processes() != {pid} and world.why_down)
        with pytest.raises(ModelFault, match="killed by signal 9, 3 times in a row before") as told:
            async with asyncio.timeout(30):  # less than what a request waits
                await world.ask()
        assert told.value.status == 0
        assert world.endpoint.status == "InService"
        break_or_mend("")
        await until(lambda: not world.why_down)
        assert await world.ask() == 1.0

    play(world, scene)


def test_a_process_that_hangs_is_replaced(world):
    async def scene():
        world.create(one(world.upload("m")))
        await world.settled()
        before = processes()
        with pytest.raises(ModelFault, match=r"server error \(0\)"):
            await world.ask("sleep:60")
        await until(lambda: processes() and not processes() & before)

    play(world, scene, answer_s=2.0)


def test_an_update_under_load_loses_no_request_and_lets_the_old_generation_go(world):
    async def scene():
        world.create(one(world.upload("old", 1.0)))
        await world.settled()
        before = processes()
        stop = threading.Event()

        async def load():
            answers = []
            while not stop.is_set():
                answers.append(await world.ask())
            return answers

        loads = [asyncio.create_task(load()) for _ in range(3)]
        world.update(one(world.upload("new", 2.0), count=2))
        endpoint = await world.settled()
        assert await world.ask() == 2.0
        stop.set()
        for answers in await asyncio.gather(*loads):
            assert set(answers) <= {1.0, 2.0}
            assert sorted(answers) == answers
        assert (endpoint.running, endpoint.running_config_name) == (endpoint.desired, "second")
        await until(lambda: len(processes()) == 2 and not processes() & before)
        await until(lambda: [p.name for p in world.folder.glob("endpoints/*/*/")] == ["2"])

    play(world, scene)


def test_an_update_that_fails_leaves_what_runs(world):
    async def scene():
        world.create(one(world.upload("old", 1.0)))
        first = await world.settled()
        world.update(one(world.upload("new", 2.0, load="refuse")))
        endpoint = await world.settled()
        assert endpoint.status is EndpointStatus.IN_SERVICE
        assert "The artefact is damaged." in reason(endpoint.failure)
        assert endpoint.desired == endpoint.running == first.running
        assert (endpoint.config_name, endpoint.running_generation) == ("first", 1)
        assert await world.ask() == 1.0
        world.update(one(world.upload("newer", 3.0)))
        assert reason((await world.settled()).failure) == ""
        assert await world.ask() == 3.0

    play(world, scene)


def test_more_and_fewer_instances_of_the_same_generation(world):
    async def scene():
        uri = world.upload("m")
        world.create(one(uri))
        await world.settled()
        before = processes()
        world.rescale(one(uri, count=3))
        endpoint = await world.settled()
        assert (endpoint.running, endpoint.running_generation) == (endpoint.desired, 1)
        assert not endpoint.is_rescaling
        assert len(processes()) == 3
        assert before < processes()
        world.rescale(one(uri))
        await world.settled()
        await until(lambda: processes() == before)
        assert await world.ask() == 1.0

    play(world, scene)


def test_weights_change_without_new_processes(world):
    async def scene():
        uri, other = world.upload("m", 1.0), world.upload("n", 2.0)
        world.create(one(uri, "A"), one(other, "B", weight=0.0))
        await world.settled()
        before = processes()
        assert [await world.ask() for _ in range(4)] == [1.0] * 4
        world.rescale(one(uri, "A", weight=0.0), one(other, "B"))
        await world.settled()
        await until(lambda: world.router.weights(SCOPE, "E") == {"A": 0.0, "B": 1.0})
        assert [await world.ask() for _ in range(4)] == [2.0] * 4
        assert processes() == before

    play(world, scene)


def test_instances_that_cannot_be_added_leave_what_runs(world):
    async def scene():
        uri = world.upload("m")
        world.create(one(uri))
        first = await world.settled()
        before = processes()
        (load,) = world.folder.glob("endpoints/*/1/*/transformers/load")
        load.write_text("refuse")
        world.rescale(one(uri, count=2))
        endpoint = await world.settled()
        assert endpoint.status is EndpointStatus.IN_SERVICE
        assert "The artefact is damaged." in reason(endpoint.failure)
        assert endpoint.desired == endpoint.running == first.running
        await until(lambda: processes() == before)
        assert await world.ask() == 1.0

    play(world, scene)


def test_weights_can_change_after_an_update_failed(world):
    async def scene():
        uri = world.upload("m")
        world.create(one(uri))
        await world.settled()
        world.update(one(world.upload("new", load="refuse")))
        assert (await world.settled()).generation == 2
        world.rescale(one(uri, count=2))
        endpoint = await world.settled()
        assert (reason(endpoint.failure), endpoint.running_generation) == ("", 1)
        await until(lambda: len(processes()) == 2)

    play(world, scene)


def test_a_serverless_variant_scales_to_zero_and_comes_back_with_a_request(world):
    async def scene():
        world.create(serverless(world.upload("m", 2.5)))
        assert (await world.settled()).status is EndpointStatus.IN_SERVICE
        await until(lambda: not processes())
        for _ in range(2):
            assert await world.ask() == 2.5
            await until(lambda: not processes())

    play(world, scene, idle_s=0.5)
    told = [line.message for line in lines_of_endpoint(world)]
    assert told.count("Requests are queued: starting one more process.") == 2
    gone = "The model process is being stopped: no requests for 0.5 s; it finishes its current requests."
    assert told.count(gone) == 3


def test_a_serverless_variant_that_cannot_start_makes_the_endpoint_fail(world):
    async def scene():
        world.create(serverless(world.upload("m", load="refuse")))
        assert "The artefact is damaged." in reason((await world.settled()).failure)

    play(world, scene)


def test_a_serverless_variant_takes_so_many_requests_at_once_and_no_more(world, tmp_path):
    async def scene():
        world.create(serverless(world.upload("m")))
        await world.settled()
        held = [
            asyncio.create_task(world.ask(f"hang:{tmp_path / name}")) for name in ("one", "two")
        ]
        await until(lambda: len(processes()) == 2)
        with pytest.raises(Throttled, match="2 requests are in hand at once"):
            await world.ask()
        (tmp_path / "one").touch()
        assert await held[0] == 1.0
        assert await world.ask() == 1.0
        (tmp_path / "two").touch()
        assert await held[1] == 1.0

    play(world, scene)


def test_provisioned_processes_stay_and_follow_a_change(world):
    async def scene():
        uri = world.upload("m")
        world.create(serverless(uri, provisioned=1))
        await world.settled()
        world.rescale(serverless(uri, provisioned=2))
        await world.settled()
        assert len(processes()) == 2
        world.rescale(serverless(uri))
        await world.settled()
        await until(lambda: not processes())

    play(world, scene, idle_s=0.5)


def test_a_process_of_a_serverless_variant_is_capped_as_it_says(world):
    async def scene():
        world.create(serverless(world.upload("m")))
        await world.settled()
        (spec,) = world.folder.glob("endpoints/*/1/A-0.json")
        assert json.loads(spec.read_text())["memory_mb"] == 2048

    play(world, scene)


def test_a_serverless_endpoint_comes_back_after_a_restart_without_a_process(world):
    async def first_life():
        world.create(serverless(world.upload("m", 4.5)))
        await world.settled()

    async def second_life():
        assert dict(world.hosting.gauges())["model_instances_wanted"] == 0
        assert await world.ask() == 4.5

    play(world, first_life)
    play(world, second_life)


@pytest.mark.parametrize("load", ["", HANGS])
def test_a_deleted_endpoint_leaves_nothing_behind(world, load):
    async def scene():
        world.create(one(world.upload("m", load=load)))
        await until(processes)
        world.change(status=EndpointStatus.DELETING)
        await until(lambda: world.endpoint is None)
        assert not processes()
        assert not list(world.folder.glob("endpoints/*"))
        with pytest.raises(EndpointMissing):
            await world.ask()

    play(world, scene)


def test_endpoints_come_back_after_a_restart_without_their_objects(world):
    async def first_life():
        world.create(one(world.upload("m", 4.5)))
        await world.settled()

    async def second_life():
        assert await world.ask() == 4.5
        assert world.endpoint.status is EndpointStatus.IN_SERVICE

    play(world, first_life)
    world.artifacts.delete(parse_location("s3://b/m.tar.gz"))
    play(world, second_life)


def test_a_creation_that_was_interrupted_goes_on(world, tmp_path):
    go = tmp_path / "go"

    async def first_life():
        world.create(one(world.upload("m", load=f"hang:{go}")))
        await until(processes)

    async def second_life():
        go.touch()
        assert (await world.settled()).status is EndpointStatus.IN_SERVICE

    play(world, first_life)
    play(world, second_life)


def test_folders_of_endpoints_that_are_gone_are_removed_at_the_start(world):
    stray = world.folder / "endpoints" / "stray" / "1"
    stray.mkdir(parents=True)

    async def scene():
        await until(lambda: not stray.parent.exists())

    play(world, scene)


def lines_of_endpoint(world, prefix=""):
    with world.store.snapshot() as tx:
        group = "/aws/sagemaker/Endpoints/E"
        return tx.log_lines(LineQuery(scope=SCOPE, group=group, prefix=prefix))


def test_the_log_of_an_endpoint_tells_of_its_processes_and_outlives_it(world):
    def lines():
        return lines_of_endpoint(world, "A/i-")

    def told():
        return [line.message for line in lines()]

    async def scene():
        world.create(one(world.upload("m")))
        await world.settled()
        os.kill(processes().pop(), signal.SIGKILL)
        await until(lambda: told().count("The model process is ready.") == 2)
        world.change(status=EndpointStatus.DELETING)
        await until(lambda: world.endpoint is None)

    play(world, scene)
    assert told() == [
        "Starting a model process.",
        "The model process is ready.",
        "The endpoint E is InService.",
        "The model process was killed by signal 9.",
        "Starting a model process.",
        "The model process is ready.",
        "The model process is being stopped; it finishes its current requests.",
    ]
    assert len({line.stream for line in lines()}) == 1


def test_the_log_of_an_endpoint_that_failed_withholds_what_may_quote_data(world):
    async def scene():
        world.create(one(world.upload("m", load="refuse")))
        await world.settled()

    play(world, scene)
    last = lines_of_endpoint(world)[-1].message
    assert last.startswith("The endpoint E is Failed. Production variant A could not be started: ")
    assert "damaged" not in last
