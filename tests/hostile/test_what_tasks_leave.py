"""What code leaves on the disk that has taken over a task, and what it says to the server unasked: neither may stop the
server from tidying up, from being backed up, or from answering others."""

from __future__ import annotations

import asyncio
import ctypes
import fcntl
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hostile.test_backups import anybodys_folder
from unit.maintenance.folders import lived_in
from unit.work.world import make_job

from windvane.automl.actions import TrainCandidate
from windvane.automl.documents import action_to_json, result_from_json
from windvane.control import preview_process
from windvane.control.preview_process import Bounds
from windvane.domain.problem import MetricName
from windvane.domain.task import Task, TaskKind, TaskStatus
from windvane.engine.candidate_io import outcome_from_json, outcome_to_json
from windvane.engine.candidates import Outcome, Plan, Score
from windvane.engine.preview.records import PreviewRequest
from windvane.errors import InvalidRequest, ModelFault
from windvane.executor.forked import MOST_RESULT, MOST_VALUES, ForkedTask, read_result
from windvane.executor.forks import Forks, OwnProcess
from windvane.jsonsize import count_values
from windvane.maintenance.backup import back_up
from windvane.maintenance.restore import restore
from windvane.names import Scope
from windvane.notes.note import said
from windvane.notes.untrusted import read_untrusted_note
from windvane.process.child import Child, Ending
from windvane.process.frames import pack
from windvane.process.memory import exceeds_mb
from windvane.process.standard_error import relay
from windvane.serving.content_types import MOST_TOLD_BYTES
from windvane.serving.pool import Pool, WorkerSlot
from windvane.serving.router import Router
from windvane.serving.routes import Route, VariantRoute
from windvane.store.open import open_store
from windvane.work.jobs import records
from windvane.work.jobs.workflow import history_of
from windvane.work.workers.clearing import Clearing
from windvane.work.workers.exchanges import Exchanges
from windvane.work.workspace import Workspace

_DIG = """
import os, sys
os.chdir(sys.argv[1])
for _ in range(int(sys.argv[2])):
    os.mkdir("d")
    os.chdir("d")
open("file", "w").close()
os.symlink("/etc", "link")
"""


@pytest.fixture
def dug(tmp_path: Path) -> Iterator[Path]:
    """A folder that goes, whatever is left in it: pytest itself would fail at that."""
    yield tmp_path
    subprocess.run(["/bin/rm", "-rf", str(tmp_path)], check=True)


def dig(folder: Path, depth: int = 3000) -> None:
    """A folder in a folder in a folder ..., apart: nothing that walks down may be in this process."""
    subprocess.run([sys.executable, "-c", _DIG, str(folder), str(depth)], check=True)


def test_a_workspace_goes_however_deep_it_is(dug: Path) -> None:
    """The worker that tidied up ended with a RecursionError, and so did each that followed it."""
    folder = dug / "job"
    (folder / "candidates" / "1").mkdir(parents=True)
    (folder / "candidates" / "1" / "outcome.json").write_text("{}")
    (dug / "kept").mkdir()
    (folder / "link").symlink_to(dug / "kept")
    dig(folder / "candidates")
    dig(folder)
    Workspace(folder).remove()
    assert [path.name for path in dug.iterdir()] == ["kept"]
    Workspace(folder).remove()


@pytest.mark.parametrize("mode", [0o000, 0o300, 0o500])
def test_a_workspace_goes_though_its_folders_are_closed(mode: int) -> None:
    """What lay in a folder that its own user may not list stayed on the disk of a server that is not root, for good."""
    with anybodys_folder() as dug:
        inner = dug / "job" / "dataset"
        inner.mkdir(parents=True)
        for parent in (inner, dug / "job"):
            (parent / "closed").mkdir(0o700)
            if mode == 0o300:
                (parent / "closed" / "large").write_text("content")
            (parent / "closed").chmod(mode)
        Workspace(dug / "job").remove()
        assert list(dug.iterdir()) == []


def test_what_takes_long_to_remove_keeps_no_worker_from_its_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A million files took the worker that brings all jobs forward a minute, in which no job was brought forward, and the
    task in its hands was given to another."""
    removed: list[str] = []
    is_removed, may_go_on = threading.Event(), threading.Event()

    def remove(one: Workspace) -> None:
        assert may_go_on.wait(240)
        removed.append(one.folder.name)
        is_removed.set()

    monkeypatch.setattr(Workspace, "remove", remove)
    store = open_store("", tmp_path)
    clearing = Clearing(store, Exchanges(tmp_path))
    clearing.begin([Workspace(tmp_path / "large")], leads=True)
    clearing.begin([Workspace(tmp_path / "large"), Workspace(tmp_path / "other")], leads=True)
    assert removed == []
    may_go_on.set()
    assert is_removed.wait(240)
    assert removed == ["large"]
    store.close()


def test_a_result_has_no_more_values_than_a_candidate_needs() -> None:
    """Whenever a task of a job ends, the results of all are read again, and nobody else may write meanwhile: 250 of 80,000
    values each took five seconds of a processor, for each task that ended."""
    with pytest.raises(ValueError, match="it has 85002 values"):
        read_result(json.dumps({"outclassed": [[]] * 42_500}).encode())
    with pytest.raises(ValueError, match="are the most"):
        read_result(b"[" * MOST_RESULT)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("scores", [{"metric": "F1", "value": 1.0}] * 100),
        ("train_scores", [{"metric": "F1", "value": 1.0}] * 100),
        ("members", {str(number): 0.1 for number in range(1001)}),
        ("stops", {f"fold{number}": 1 for number in range(101)}),
    ],
)
def test_an_outcome_has_no_more_of_anything_than_one_has(name: str, value: object) -> None:
    """Of 740 candidates with 1,800 scores each nobody else could write for 13 seconds of a processor, whenever a task ended."""
    told = {**outcome_to_json(Outcome(1, 0.5, (), 1.0, 0.1, 1, 5)), name: value}
    with pytest.raises(ValueError, match=f"'{name}' has"):
        outcome_from_json(told)


@pytest.mark.parametrize("depth", [1, 8, 300])
def test_an_outcome_has_no_more_notes_than_one_has(depth: int) -> None:
    """To check a note takes a hundred times as long as to read it: of 750 candidates with 170 notes that happened because of
    others, nobody else could write for 15 seconds of a processor, whenever a task ended."""
    note: dict[str, Any] = {"code": "no-time"}
    for _ in range(depth - 1):
        note = {"code": "no-time", "because": note}
    told = outcome_to_json(Outcome(1, 0.5, (), 1.0, 0.1, 1, 5))
    assert len(outcome_from_json({**told, "notes": ["a sentence"] * 40}).notes) == 40
    with pytest.raises(ValueError, match="more than 40 notes"):
        outcome_from_json({**told, "notes": [note] * (40 // depth + 1)})


def test_notes_are_not_checked_again_whenever_a_task_ends() -> None:
    outcome = Outcome(1, 0.5, (), 1.0, 0.1, 1, 5, notes=(said("a remark"),))
    action = TrainCandidate(Plan(1, "dpp0", "xgboost", {}, 0))
    task = Task(
        id=1,
        job_arn="",
        kind=TaskKind.TRAIN,
        key=action.key,
        payload=action_to_json(action),
        created=datetime.now(UTC),
        status=TaskStatus.DONE,
        result={"outcome": outcome_to_json(outcome)},
    )
    [step] = history_of([task], [], ()).steps
    assert step.result.outcome == replace(outcome, notes=())


def test_of_what_a_note_happened_because_of_no_more_is_read_than_is_kept() -> None:
    told: dict[str, Any] = {"code": "no-time"}
    for _ in range(5000):
        told = {"code": "no-time", "because": told}
    note, n_notes = read_untrusted_note(told), 1
    while note.because is not None:
        note, n_notes = note.because, n_notes + 1
    assert n_notes == 8


@pytest.mark.parametrize("folds", [float("nan"), 5.5, -1, 10**9, "5", None, [5]])
def test_folds_are_a_number_of_them(folds: object) -> None:
    """Features for as many folds as there is no number of were asked for again and again, and never made."""
    told = {**outcome_to_json(Outcome(1, 0.5, (), 1.0, 0.1, 1, 5)), "folds_used": folds}
    with pytest.raises(ValueError, match="'folds_used' is"):
        outcome_from_json(told)


def test_no_more_members_are_likely_than_there_can_be() -> None:
    with pytest.raises(ValueError, match="'likely' has 1001 values"):
        result_from_json({"likely": [1] * 1001})


@pytest.mark.parametrize("tag", ["x" * 64, "../../other", "dpp0/", ""])
def test_no_name_of_transformers_fills_records_or_leads_elsewhere(tag: str) -> None:
    """It stood in the record of a candidate three times, of 60,000 characters and more."""
    job, now = make_job(), datetime.now(UTC)
    begun = records.begun(job, Plan(1, "dpp0", "lightgbm", {}, seed=0), now)
    told = outcome_to_json(Outcome(1, 0.5, (), 1.0, 0.1, 1, 5))
    with pytest.raises(ValueError, match="no name of transformers"):
        records.completed(job, begun, {"outcome": told, "tag": tag}, now)


@pytest.mark.parametrize("name", ["objective", "fit_s", "latency_s"])
@pytest.mark.parametrize("value", [float("nan"), float("-inf"), "0.5", 10**400])
def test_what_answers_tell_of_a_candidate_are_numbers(name: str, value: object) -> None:
    """JSON has no others: clients could not read the list of candidates."""
    job, now = make_job(), datetime.now(UTC)
    begun = records.begun(job, Plan(1, "dpp0", "lightgbm", {}, seed=0), now)
    told = {**outcome_to_json(Outcome(1, 0.5, (), 1.0, 0.1, 1, 5)), name: value}
    with pytest.raises(ValueError, match="must be a finite number"):
        records.completed(job, begun, {"outcome": told, "tag": "dpp0"}, now)


def test_scores_that_are_no_numbers_are_not_told() -> None:
    nan = float("nan")
    scores = (
        Score(MetricName.F1, nan),
        Score(MetricName.AUC, float("inf")),
        Score(MetricName.ACCURACY, 0.5, nan),
    )
    outcome = Outcome(1, 0.5, scores, 1.0, 0.1, 1, 5, train_scores=scores)
    job, now = make_job(), datetime.now(UTC)
    begun = records.begun(job, Plan(1, "dpp0", "lightgbm", {}, seed=0), now)
    result = {"outcome": outcome_to_json(outcome), "tag": "dpp0", "n_bytes": 7}
    told = records.completed(job, begun, result, now).metrics
    assert [(one.name, one.value, one.split, one.standard_error) for one in told] == [
        (MetricName.ACCURACY, 0.5, "Validation", None),
        (MetricName.ACCURACY, 0.5, "Train", None),
    ]
    with pytest.raises(ValueError, match="n_bytes"):
        records.completed(job, begun, {**result, "n_bytes": 10**30}, now)


def test_the_result_of_the_largest_ensemble_is_far_below_what_is_read() -> None:
    scores = tuple(Score(metric, -0.1234567890123456, 0.1234567890123456) for metric in MetricName)
    outcome = Outcome(
        751,
        -0.1234567890123456,
        scores,
        fit_s=123.45678901234567,
        latency_s=0.00012345678901234567,
        size_bytes=1_234_567_890,
        folds_used=10,
        train_scores=scores,
        notes=(said("a remark, as long as most of them are, on how it was made"),) * 20,
        members=dict.fromkeys(range(750), 0.0013333333333333333),
        stops={f"fold{fold}": 1_000_000 for fold in range(50)},
    )
    result = {"outcome": outcome_to_json(outcome), "tag": "dpp0", "n_bytes": 1_234_567_890}
    told = json.dumps(result).encode()
    assert read_result(told).keys() == result.keys()
    assert len(told) < MOST_RESULT / 2
    assert count_values(told) < MOST_VALUES / 2


def test_a_workspace_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").touch()
    (tmp_path / "job").symlink_to(tmp_path / "kept")
    Workspace(tmp_path / "job").remove()
    assert (tmp_path / "kept" / "file").exists()


def test_what_a_task_leaves_does_not_prevent_a_backup(dug: Path) -> None:
    data = lived_in(dug / "data")
    job = data / "work" / "first-123"
    for name in (b"line\nbreak", b"\xff", b"back\\slash"):
        Path(os.fsdecode(os.fsencode(job) + b"/" + name)).touch()
    os.mkfifo(job / "fifo")
    (job / "link").symlink_to("/etc/passwd")
    dig(job)
    back_up(data, dug / "backup")
    restore(dug / "backup", dug / "again")
    assert (dug / "again/work/first-123/dataset/y.npy").is_file()
    left = {path.name for path in (dug / "again/work/first-123").iterdir()}
    assert left == {"dataset"}
    Workspace(job).remove()


def test_a_preview_that_says_nothing_again_and_again_is_not_listened_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """33 million empty lines took the server a minute of its interpreter's time, for each preview."""
    said = "import sys; sys.stdout.write('\\n' * 2000 + '{\"seen\": {}}\\n')"
    monkeypatch.setattr(preview_process, "PROGRAM", (sys.executable, "-c", said))
    nothing: Any = SimpleNamespace(read=lambda *_: b"")
    with pytest.raises(InvalidRequest, match="its process broke off"):
        preview_process.look(PreviewRequest("a", 1), tmp_path, nothing, Bounds(), None)


def test_a_model_process_that_answers_unasked_is_ended() -> None:
    """Each such answer took memory of the server, and gave its process a second place among those that are free."""

    async def flooded() -> list[str]:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        condemned: list[str] = []
        pool = Pool()
        pool.use_slots([WorkerSlot(1, ours, lambda: condemned.append("ended"))])
        answer = pool.ask(b"question", asyncio.get_running_loop().time() + 10)
        frame = pack({"status": 200, "content_type": "text/csv"}, b"1")
        theirs.sendall(frame * 3)
        assert (await asyncio.wait_for(answer, 120))[1] == b"1"
        for _ in range(100):
            await asyncio.sleep(0 if condemned else 0.02)
        assert pool.n_up == 0
        theirs.close()
        return condemned

    assert asyncio.run(flooded()) == ["ended"]


def test_a_model_tells_no_more_of_itself_than_the_server_reads() -> None:
    """A model of 160,000 columns told 25 MB of itself, which held up every request for ten seconds, each time."""

    async def told() -> str:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        scope, router = Scope("111122223333", "us-east-1"), Router()
        slots = (WorkerSlot(1, ours, lambda: None),)
        variant = VariantRoute("e/A", "A", 1.0, 1, "primary", slots)
        router.publish({(scope, "e"): Route(scope, "e", (variant,))})
        router.bind()
        answer = pack(
            {"status": 200, "content_type": "application/json"}, bytes(MOST_TOLD_BYTES + 1)
        )
        writer = threading.Thread(target=theirs.sendall, args=(answer,))
        writer.start()
        try:
            with pytest.raises(ModelFault) as fault:
                await asyncio.wait_for(router.describe(scope, "e", ""), 120)
        finally:
            theirs.close()
            writer.join()
        return str(fault.value)

    assert "are the most that are read" in asyncio.run(told())


@pytest.mark.parametrize("name", [b"\xff\xfe", b"other kB", b"\x0cRssAnon: 0 kB"])
def test_the_memory_of_a_task_is_watched_whatever_it_calls_itself(name: bytes) -> None:
    """Its name is in what the kernel tells of its memory: one that is no text, or looks like a figure, ended whoever looked,
    which is the process that forks tasks, and failed the page that shows what a job is at."""

    def hold() -> None:
        ctypes.CDLL(None).prctl(15, name, 0, 0, 0)
        threading.Event().wait(60)

    child = Child.start(hold, memory_mb=1000)
    try:
        while name not in Path(f"/proc/{child.pid}/status").read_bytes():
            assert child.wait(0.01) is None
        assert exceeds_mb(child.pid, 0)[0]
    finally:
        child.kill()


def test_flags_that_a_task_puts_on_its_result_do_not_fail_who_reads_it(tmp_path: Path) -> None:
    """With O_DIRECT the read failed, and the process that forks tasks ended."""

    def work() -> dict[str, int]:
        write = os.write

        def flagged(descriptor: int, data: bytes) -> int:
            for entry in Path("/proc/self/fd").iterdir():
                if entry.is_symlink() and str(entry.readlink()).startswith(str(tmp_path)):
                    fcntl.fcntl(int(entry.name), fcntl.F_SETFL, os.O_DIRECT)
            return write(descriptor, data)

        os.write = flagged  # the last that a task does, when its result is there
        return {"made": 1}

    task = ForkedTask.start(work, tmp_path)
    ended = task.wait(240)
    assert ended is not None
    assert ended.ending is Ending.FINISHED, ended.text
    assert task.take_result() == b'{"made": 1}'


def test_no_process_that_forks_tasks_has_the_servers_log() -> None:
    """Whoever had its descriptor could cut the log off, or write lines into it that look like the server's."""
    forks = Forks(OwnProcess([]))
    try:
        for number in (1, 2):
            target = Path(f"/proc/{forks.pid}/fd/{number}").readlink()
            assert str(target).startswith("pipe:")
            assert target != Path(f"/proc/self/fd/{number}").readlink()
    finally:
        forks.close()


def _relayed() -> tuple[int, threading.Thread]:
    """A pipe to standard error, and the thread that reads it."""
    before = set(threading.enumerate())
    words = relay()
    [thread] = (one for one in set(threading.enumerate()) - before if one.name == "words")
    return words, thread


def test_what_a_process_writes_is_shown_as_its_own(capfd: pytest.CaptureFixture[str]) -> None:
    words, thread = _relayed()
    os.write(words, b"\x1b[2J\xff\n2026-11-30 INFO all is well\n" + b"x" * 100_000)
    os.close(words)
    thread.join(240)
    told = capfd.readouterr().err.splitlines()
    assert told[:2] == ["  | ?[2J\ufffd", "  | 2026-11-30 INFO all is well"]
    assert all(line.startswith("  | ") for line in told)
    assert sum(line.count("x") for line in told) == 100_000


def test_a_process_that_writes_without_end_does_not_fill_the_log(
    capfd: pytest.CaptureFixture[str],
) -> None:
    """All of it went to the server's standard error: into a file until the disk was full, or into a journal that then took
    no line of the server either."""
    words, thread = _relayed()
    with os.fdopen(words, "wb") as file:
        file.writelines(b"x" * 10_000 + b"\n" for _ in range(2000))
    thread.join(240)
    told = capfd.readouterr().err
    assert 200_000 < told.count("x") < 500_000
    assert "bytes were left out" in told
