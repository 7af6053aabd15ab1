"""What the server sees of where tasks exchange data through the store."""

import io
import tarfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import EndpointConnectionError
from migrated import migrated_store
from unit.work.world import make_job

from windvane.artifacts.base import Location
from windvane.artifacts.local import LocalArtifacts
from windvane.automl import names
from windvane.control.exchange_bucket import BucketOfAccount, make_exchange_bucket
from windvane.domain.job import JobStatus
from windvane.domain.task import NewTask, TaskKind
from windvane.errors import CorruptArtifact
from windvane.names import is_server
from windvane.store.open import open_store
from windvane.work.exchange import ArtifactExchange, InFolder, InStore, edition
from windvane.work.workers import exchanges as of_server
from windvane.work.workers.clearing import remove_prefixes
from windvane.work.workers.config import WorkConfig, config_from_json, config_to_json
from windvane.work.workers.exchanges import Exchanges, OutOfReach
from windvane.work.workers.reconciler import Reconciler, left_over
from windvane.work.workspace import attempt_folder, workspace_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)
BUCKET = "windvane-exchange"


@pytest.fixture
def store(tmp_path):
    opened = migrated_store(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def artifacts(tmp_path):
    return LocalArtifacts(tmp_path / "objects")


@pytest.fixture
def config(tmp_path):
    made = WorkConfig(tmp_path, "run", NOW, 1, 4000, exchange=BUCKET)
    return config_from_json(config_to_json(made))


@pytest.fixture
def exchanges(store, artifacts, config):
    make_exchange_bucket(store, artifacts, None, BUCKET, "us-east-1", NOW)
    return Exchanges.of(config, store)


def publish(exchanges, artifacts, tmp_path, job, content, attempt="1-1"):
    folder = tmp_path / f"task-{attempt}"
    (folder / "dataset").mkdir(parents=True)
    (folder / names.ANALYSIS_PATH).write_bytes(content)
    where = exchanges.where(job)
    ArtifactExchange(artifacts, where.root, folder, attempt, []).publish([names.ANALYSIS])
    return where.root


def test_each_job_has_a_prefix_of_its_own_below_that_of_its_servers(exchanges, store):
    first, again = make_job(), replace(make_job(), created=NOW + timedelta(days=1))
    with store.snapshot() as tx:
        owner = tx.bucket_owner(BUCKET)
    assert is_server(owner)
    roots = {exchanges.where(job).root for job in (first, again, make_job(name="churn"))}
    assert len(roots) == 3
    assert all(root.bucket == BUCKET and root.key.startswith(f"{owner}/") for root in roots)


def test_without_a_bucket_tasks_exchange_data_in_workspaces(tmp_path, store):
    found = Exchanges.of(WorkConfig(tmp_path, "run", NOW, 1, 4000), store)
    assert found.where(make_job()) == InFolder(workspace_of(tmp_path, make_job()).folder)


def test_a_bucket_that_the_server_has_not_made_its_own_is_not_used(store, config):
    with pytest.raises(RuntimeError, match="windvane-exchange"):
        Exchanges.of(config, store)


def test_all_servers_of_a_store_have_the_same_part_of_a_bucket(store, artifacts, tmp_path):
    def made(store):
        return make_exchange_bucket(store, artifacts, None, BUCKET, "us-east-1", NOW)

    assert made(store) == made(store)
    other = open_store("", tmp_path / "other")
    other.migrate()
    assert made(other) != made(store)
    other.close()


def test_the_bucket_of_an_account_is_not_taken(store, artifacts):
    with store.transaction() as tx:
        tx.claim_bucket(BUCKET, "111122223333", NOW)
    with pytest.raises(BucketOfAccount, match="111122223333"):
        make_exchange_bucket(store, artifacts, None, BUCKET, "us-east-1", NOW)


def test_the_analysis_is_read_by_the_attempt_that_has_made_it(exchanges, artifacts, tmp_path):
    job = make_job()
    publish(exchanges, artifacts, tmp_path, job, b"first", "1-1")
    publish(exchanges, artifacts, tmp_path, job, b"second", "1-2")
    assert exchanges.analysis(job, "1-2") == b"second"
    assert not exchanges.is_lost(replace(job, volume_key="arn"))
    with pytest.raises(CorruptArtifact, match="'analysis' is not there"):
        exchanges.analysis(job, "1-3")


def archive(name, content):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as made:
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        made.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


@pytest.mark.parametrize(
    ("left", "why"),
    [
        (b"x" * 2000, "analysis"),
        (b"", "holds no 'dataset/analysis.json'"),
        (archive("dataset/y.npy", b"{}"), "holds no 'dataset/analysis.json'"),
        (archive("../dataset/analysis.json", b"{}"), "holds no 'dataset/analysis.json'"),
        (archive("dataset/analysis.json", b"x" * 3000)[:1500], "cannot be unpacked"),
        (archive("dataset/analysis.json", b"x" * 5000), "5000 bytes; 4000 are allowed"),
    ],
)
def test_what_a_task_left_in_the_place_of_its_analysis_is_bounded(
    exchanges, artifacts, monkeypatch, left, why
):
    monkeypatch.setattr(of_server, "_MOST_ANALYSIS", 4000)
    root = exchanges.where(make_job()).root
    artifacts.write(edition(root, names.ANALYSIS, "1-1"), left)
    with pytest.raises(CorruptArtifact, match=why):
        exchanges.analysis(make_job(), "1-1")


def test_a_store_that_does_not_answer_breaks_no_job(exchanges, config, monkeypatch):
    """What is out of reach for a moment is no damage."""

    def refuse(*_):
        raise EndpointConnectionError(endpoint_url="https://s3.example.org")

    monkeypatch.setattr(LocalArtifacts, "info", refuse)
    with pytest.raises(OutOfReach, match="cannot be read now"):
        exchanges.analysis(make_job(), "1-1")


def test_what_tasks_of_ended_jobs_left_goes_and_nothing_else(store, exchanges, artifacts, tmp_path):
    going, ended = make_job(name="going"), make_job(name="ended")
    gone = make_job(name="gone")
    with store.transaction() as tx:
        assert tx.insert(going)
        assert tx.insert(ended)
        tx.update(replace(ended, status=JobStatus.COMPLETED))
    kept = publish(exchanges, artifacts, tmp_path, going, b"{}", "1-1")
    publish(exchanges, artifacts, tmp_path, ended, b"{}", "2-1")
    publish(exchanges, artifacts, tmp_path, gone, b"{}", "3-1")
    others = Location(BUCKET, "windvane-other/job/analysis/1-1")
    artifacts.write(others, b"another server's")
    remove_prefixes(store, exchanges)
    left = {one.location for one in artifacts.list(Location(BUCKET, ""))}
    assert left == {edition(kept, names.ANALYSIS, "1-1"), others}


def test_the_folder_of_an_attempt_is_there_while_it_runs(store, exchanges, tmp_path):
    job = make_job()
    with store.transaction() as tx:
        assert tx.insert(job)
        tx.add_tasks(job.arn, [NewTask(TaskKind.ANALYZE, "analyze")], NOW)
        task = tx.claim_task([TaskKind.ANALYZE], "run/a", NOW, NOW + timedelta(hours=1))
    assert task is not None
    running, before = (
        attempt_folder(tmp_path, job, one) for one in (task.attempt, f"{task.id}-{task.token - 1}")
    )
    foreign = running.with_name(f"{running.name}x")
    for folder in (running, before, foreign):
        folder.mkdir(parents=True)
    reconciler = Reconciler(exchanges, NOW, 1, lambda *_: None)
    found = {one.folder for one in left_over(store, reconciler)}
    assert found == {before, foreign}


def test_the_place_of_a_job_says_nothing_of_a_machine(exchanges, tmp_path):
    where = exchanges.where(make_job())
    assert isinstance(where, InStore)
    assert str(tmp_path) not in str(where.to_json())
