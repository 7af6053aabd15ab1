"""Ended jobs are logged once, whatever MLflow does meanwhile, and those of other accounts are not."""

import asyncio
import importlib
import json
from dataclasses import replace

import pytest
from migrated import migrated_store

from windvane.artifacts.base import ObjectInfo, parse_location
from windvane.artifacts.local import LocalArtifacts
from windvane.domain.candidate import CandidateStatus, Container
from windvane.domain.forecasting import ForecastSpec
from windvane.domain.job import JobStatus, SecondaryStatus
from windvane.domain.jobspec import TextClassification
from windvane.domain.logs import place_of
from windvane.events.deliveries import Deliveries
from windvane.events.poller import EventPoller
from windvane.mlflow_job import ORDER, PACKAGES, REPORTS, Outcome
from windvane.notes.codes import DataValue, NoteCode
from windvane.notes.note import Note
from windvane.store.logbook import LineQuery
from windvane.testing.store_laws.place import HOME, START, a_candidate, a_job
from windvane.work import experiments
from windvane.work.experiments import Experiments, JobsToMlflow

OUT = "s3://bucket/out"
ABROAD = replace(HOME, account="222222222222")


@pytest.fixture
def store(tmp_path):
    (tmp_path / "store").mkdir()
    opened = migrated_store(tmp_path / "store")
    yield opened
    opened.close()


@pytest.fixture
def artifacts(tmp_path):
    made = LocalArtifacts(tmp_path / "objects")
    made.ensure_bucket("bucket")
    return made


def put(artifacts, key, data=b"bytes"):
    artifacts.write(parse_location(f"s3://bucket/{key}"), data)
    return f"s3://bucket/{key}"


def target(**more):
    given = {"tracking_uri": "https://mlflow", "experiment": "churn", "accounts": (HOME.account,)}
    return Experiments(**{**given, "give_up_s": 60.0, "credentials": dict, **more})


def a_board(artifacts, name="job", scope=HOME):
    """A running job with a candidate and what it has published."""
    job = a_job(name, scope=scope)
    models = [
        put(artifacts, f"out/{name}/{part}/model.tar.gz") for part in ("transformers", "model")
    ]
    put(artifacts, f"out/{name}/explain/report.html")
    best = replace(
        a_candidate(f"{name}-best", scope=scope, parent=job.arn, score=0.9),
        status=CandidateStatus.COMPLETED,
        containers=tuple(Container("image", url) for url in models),
        explainability=f"{OUT}/{name}/explain/",
    )
    return replace(job, best_candidate=best.name), best


class Processes:
    """In place of the process that logs: notes what it is given, and ends as it is told to, in the end well."""

    def __init__(self, *ends):
        self.ends, self.orders, self.files, self.environments = list(ends), [], [], []

    async def run(self, folder, environment, _):
        self.orders.append(json.loads((folder / ORDER).read_text()))
        found = (path for path in folder.rglob("*") if path.is_file() and path.name != ORDER)
        self.files.append(sorted(str(path.relative_to(folder)) for path in found))
        self.environments.append(environment)
        return self.ends.pop(0) if self.ends else (Outcome.LOGGED, f"run {len(self.orders)}")

    @property
    def names(self):
        return [order["name"] for order in self.orders]


@pytest.fixture
def processes(monkeypatch):
    made = Processes()
    monkeypatch.setattr(experiments, "_run", made.run)
    return made


def position(store):
    [receiver] = deliveries_of(store, None)._receivers
    with store.snapshot() as tx:
        return tx.subscriber(receiver.key).position


def deliveries_of(store, artifacts, chosen=None, clock=lambda: START):
    receiver = JobsToMlflow(store, artifacts, chosen or target(), clock)
    poller = EventPoller(store, 0.01)
    return Deliveries(store, poller, [receiver], clock, pauses_s=(0.01,))


def last(store):
    with store.snapshot() as tx:
        return tx.last_event()


def play(deliveries, condition, scene=lambda: None):
    async def run():
        await deliveries.start()
        try:
            await asyncio.to_thread(scene)
            async with asyncio.timeout(240):
                while not condition():
                    await asyncio.sleep(0.005)
        finally:
            await deliveries.stop()

    asyncio.run(run())


def insert(store, *records):
    with store.transaction() as tx:
        for record in records:
            tx.insert(record)


def end(store, job, status=JobStatus.COMPLETED, **fields):
    with store.transaction() as tx:
        tx.update(replace(job, status=status, secondary=SecondaryStatus(str(status)), **fields))


def lines(store, job):
    place = place_of(job)
    with store.snapshot() as tx:
        found = tx.log_lines(LineQuery(scope=place.scope, group=place.group))
    return [line.message for line in found if line.stream == place.stream]


def test_each_ended_job_is_logged_with_its_candidates_model_and_reports(
    store, artifacts, processes
):
    job, best = a_board(artifacts)
    play(
        deliveries_of(store, artifacts),
        lambda: processes.orders and position(store) == last(store),
        lambda: (insert(store, job, best), end(store, job)),
    )
    [order] = processes.orders
    assert (order["experiment"], order["params"]["target"]) == ("churn", "y")
    assert [one["name"] for one in order["candidates"]] == [best.name]
    assert order["metrics"]["score"] == 0.9
    model = [f"{PACKAGES}/{place}/model.tar.gz" for place in (0, 1)]
    assert processes.files == [[*model, f"{REPORTS}/explain/report.html"]]
    [line] = lines(store, job)
    assert "run 1 of the experiment 'churn'" in line


@pytest.mark.parametrize(
    ("problem", "model"),
    [
        (ForecastSpec("y", "day", horizon=3), ["forecaster/model.tar.gz"]),
        (TextClassification(content="text", target="y"), ["0/model.tar.gz", "1/model.tar.gz"]),
    ],
)
def test_models_of_forecasts_and_of_texts_are_logged_too(
    store, artifacts, processes, problem, model
):
    job, best = a_board(artifacts)
    job = replace(job, spec=replace(job.spec, problem=problem))
    if job.is_forecast:
        best = replace(best, containers=best.containers[1:])
    play(
        deliveries_of(store, artifacts),
        lambda: processes.orders and position(store) == last(store),
        lambda: (insert(store, job, best), end(store, job)),
    )
    assert processes.files == [
        [*(f"{PACKAGES}/{one}" for one in model), f"{REPORTS}/explain/report.html"]
    ]
    assert processes.orders[0]["tags"] == {}


def test_failed_and_stopped_jobs_are_logged_as_such_without_values_of_data(
    store, artifacts, processes
):
    failed, stopped = a_job("failed"), a_job("stopped")
    why = Note(NoteCode.SAID, {"text": DataValue("the cell 'Mrs Smith'")})

    def scene():
        insert(store, failed, stopped)
        end(store, failed, JobStatus.FAILED, failure=why)
        end(store, stopped, JobStatus.STOPPING)
        end(store, stopped, JobStatus.STOPPED)

    play(deliveries_of(store, artifacts), lambda: len(processes.orders) == 2, scene)
    endings = [order["ending"] for order in processes.orders]
    assert [one["status"] for one in endings] == ["FAILED", "KILLED"]
    assert "Smith" not in json.dumps(processes.orders)


def test_jobs_of_other_accounts_are_not_logged(store, artifacts, processes):
    ours, theirs = a_job("ours"), a_job("theirs", scope=ABROAD)

    def scene():
        insert(store, theirs, ours)
        end(store, theirs)
        end(store, ours)

    play(deliveries_of(store, artifacts), lambda: position(store) == last(store) > 0, scene)
    assert processes.names == ["ours"]


def test_accounts_that_are_named_have_experiments_of_their_own(store, artifacts, processes):
    chosen = target(experiment="of-{account}", accounts=(ABROAD.account,))
    theirs = a_job("theirs", scope=ABROAD)
    play(
        deliveries_of(store, artifacts, chosen),
        lambda: processes.orders,
        lambda: (insert(store, theirs), end(store, theirs)),
    )
    assert processes.orders[0]["experiment"] == "of-222222222222"


def test_while_mlflow_is_down_it_is_tried_again_also_by_the_next_life_of_the_server(
    store, artifacts, processes
):
    job = a_job()
    down = (Outcome.TRY_AGAIN, "OSError: no route to host mlflow.internal")
    processes.ends = [down] * 10_000
    first = deliveries_of(store, artifacts)
    play(first, lambda: first.n_failed >= 2, lambda: (insert(store, job), end(store, job)))
    processes.ends = []
    play(deliveries_of(store, artifacts), lambda: position(store) == last(store))
    n_tried = len(processes.orders)
    play(deliveries_of(store, artifacts), lambda: position(store) == last(store))
    assert len(processes.orders) == n_tried, "once it is logged it is not logged again"
    assert len({order["mark"] for order in processes.orders}) == 1
    waits, logged = lines(store, job)
    assert "not logged to MLflow yet" in waits
    assert "is logged to MLflow" in logged
    assert "mlflow.internal" not in waits, (
        "names of the operator's machines are in the server's log"
    )


def test_a_job_that_mlflow_refuses_holds_up_no_other(store, artifacts, processes):
    bad, good = a_job("bad"), a_job("good")
    processes.ends = [(Outcome.REFUSED, "a name that is too long")]

    def scene():
        insert(store, bad, good)
        end(store, bad)
        end(store, good)

    play(deliveries_of(store, artifacts), lambda: position(store) == last(store) > 0, scene)
    assert processes.names == ["bad", "good"]
    assert lines(store, bad) == ["The job is not logged to MLflow: MLflow refuses it."]


def test_a_job_is_given_up_after_its_time_and_says_so(store, artifacts, processes):
    job = a_job()
    processes.ends = [(Outcome.TRY_AGAIN, "down")]
    late = START.replace(year=START.year + 1)
    play(
        deliveries_of(store, artifacts, clock=lambda: late),
        lambda: position(store) == last(store) > 0,
        lambda: (insert(store, job), end(store, job)),
    )
    assert lines(store, job)[-1] == "The job is not logged to MLflow: it was tried for 60 s."


def test_a_job_that_was_deleted_is_passed_over(store, artifacts, processes):
    job = a_job()
    play(deliveries_of(store, artifacts), lambda: True)
    insert(store, job)
    end(store, job)
    with store.transaction() as tx:
        tx.delete(job)
    play(deliveries_of(store, artifacts), lambda: position(store) == last(store))
    assert processes.orders == []


@pytest.mark.parametrize("member", ["output_key", "volume_key"])
def test_what_a_key_protects_stays_where_it_is(store, artifacts, processes, member):
    job, best = a_board(artifacts)
    job = replace(job, **{member: "arn:aws:kms:us-east-1:000000000000:key/k"})
    play(
        deliveries_of(store, artifacts),
        lambda: processes.orders,
        lambda: (insert(store, job, best), end(store, job)),
    )
    assert processes.files == [[]]
    assert "KMS key" in processes.orders[0]["tags"]["windvane.not_logged"]


def test_a_report_that_is_not_below_the_output_of_the_job_is_not_sent(store, artifacts, processes):
    job, best = a_board(artifacts)
    put(artifacts, "private/secret.txt")
    best = replace(best, explainability="s3://bucket/private/")
    play(
        deliveries_of(store, artifacts),
        lambda: processes.orders,
        lambda: (insert(store, job, best), end(store, job)),
    )
    assert [name for name in processes.files[0] if "secret" in name] == []


@pytest.mark.parametrize(
    "name",
    [
        "%2e%2e/%2e%2e/another-run/artifacts/model/MLmodel",
        "report?overwrite=yes",
        "report#1",
        "..\\\\report",
        "n" * 256,
        "report\u2028",
    ],
)
def test_a_name_that_is_another_address_to_mlflows_client_is_not_sent(
    store, artifacts, processes, monkeypatch, name
):
    """The client sends names as they are, and `requests` reads %2e%2e as a way up, to the run of another account."""
    job, best = a_board(artifacts)
    listed = artifacts.list
    location = parse_location(f"s3://bucket/out/job/explain/{name}")
    hostile = ObjectInfo(location, 5, "etag")
    monkeypatch.setattr(
        artifacts, "list", lambda prefix: (one for one in (hostile, *listed(prefix)))
    )
    play(
        deliveries_of(store, artifacts),
        lambda: processes.orders,
        lambda: (insert(store, job, best), end(store, job)),
    )
    assert f"{REPORTS}/explain/report.html" in processes.files[0]
    assert [one for one in processes.files[0] if one.startswith(REPORTS)] == [
        f"{REPORTS}/explain/report.html"
    ]


@pytest.mark.parametrize("order", [1, -1])
def test_a_name_that_is_a_file_and_a_folder_holds_up_no_job(
    store, artifacts, processes, monkeypatch, order
):
    job, best = a_board(artifacts)
    folder = f"{OUT}/job/explain/both/inner.html"
    put(artifacts, "out/job/explain/both/inner.html")
    names = [folder.removesuffix("/inner.html"), folder][::order]
    listed = [ObjectInfo(parse_location(one), 5, "etag") for one in names]
    found = {one.location: one for one in listed}
    monkeypatch.setattr(artifacts, "list", lambda _: iter(listed))
    monkeypatch.setattr(
        artifacts, "info", lambda at: found.get(at) or LocalArtifacts.info(artifacts, at)
    )
    monkeypatch.setattr(artifacts, "download", lambda _, path: path.write_bytes(b"bytes"))
    play(
        deliveries_of(store, artifacts),
        lambda: processes.orders,
        lambda: (insert(store, job, best), end(store, job)),
    )
    assert len([one for one in processes.files[0] if one.startswith(REPORTS)]) == 1


def test_the_process_gets_no_variables_of_the_server_but_those_that_it_needs(
    store, artifacts, processes, monkeypatch
):
    monkeypatch.setenv("WINDVANE_MASTER_KEY", "secret")
    job = a_job()
    chosen = target(credentials=lambda: {"MLFLOW_TRACKING_TOKEN": "token"})
    play(
        deliveries_of(store, artifacts, chosen),
        lambda: processes.orders,
        lambda: (insert(store, job), end(store, job)),
    )
    [environment] = processes.environments
    assert environment["MLFLOW_TRACKING_TOKEN"] == "token"
    assert environment["MLFLOW_DISABLE_TELEMETRY"] == "true"
    assert "WINDVANE_MASTER_KEY" not in environment
    assert "token" not in repr(chosen)


@pytest.mark.long
@pytest.mark.filterwarnings("ignore:::mlflow.*", "ignore:::pydantic.*")
def test_mlflows_own_client_finds_what_the_process_logs(store, artifacts, tmp_path):
    """The real process, and a database of MLflow."""
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    client = importlib.import_module("mlflow").MlflowClient(uri)
    within = client.create_experiment("churn", str(tmp_path / "artefacts"))
    job, best = a_board(artifacts)
    deliveries = deliveries_of(store, artifacts, target(tracking_uri=uri))
    play(deliveries, lambda: lines(store, job), lambda: (insert(store, job, best), end(store, job)))
    again = JobsToMlflow(store, artifacts, target(tracking_uri=uri), lambda: START)
    with store.snapshot() as tx:
        ended = [event for event in tx.events(after=0, limit=10) if event.is_end_of_job]
    assert asyncio.run(again.take(ended[-1])) == ""
    runs = {run.info.run_name: run for run in client.search_runs([within])}
    assert len(runs) == len(client.search_runs([within])) == 2
    assert runs[job.name].info.status == runs[best.name].info.status == "FINISHED"
    run_id = runs[job.name].info.run_id
    assert f"run {run_id}" in lines(store, job)[0]
    assert {one.path for one in client.list_artifacts(run_id)} == {"model", "reports"}
