"""What a store owes to several processes, some of which are killed."""

from __future__ import annotations

import os
import subprocess
import sys

from windvane.domain.deployment import Model
from windvane.domain.task import TaskStatus
from windvane.store.base import Store
from windvane.store.logbook import LineQuery
from windvane.testing.store_laws.place import HOME, StorePlace, a_job, queue

_OPEN = """
import sys
from pathlib import Path
from windvane.testing.store_laws.place import HOME, START, StorePlace, a_job, a_model, claim
from windvane.domain.logs import LogLine, LogPlace
store = StorePlace(sys.argv[1], Path(sys.argv[2])).open()
sys.stdin.readline()
"""

_CLAIM_ALL = """
while True:
    with store.transaction() as tx:
        task = claim(tx)
    if task is None:
        break
    print(task.key, flush=True)
"""

_INSERT_FOR_EVER = """
number = 0
while True:
    with store.transaction() as tx:
        tx.insert(a_model(f"model-{number}"))
        tx.set_tags(a_model(f"model-{number}").arn, {"number": str(number)})
        tx.insert(a_job(f"job-{number}"))
        tx.log(LogPlace(HOME, "group", "stream"), [LogLine(str(number))], START)
    print(number, flush=True)
    number += 1
"""

_HOLD_THE_LOCK = """
with store.transaction() as tx:
    tx.insert(a_model("unfinished"))
    print("inside", flush=True)
    sys.stdin.readline()
"""

_MIGRATE = """
store.migrate()
"""


def _start(place: StorePlace, program: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _OPEN + program, place.url, str(place.data_dir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _let_go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


class ProcessLaws:
    def test_processes_that_claim_together_get_each_task_once(
        self, store: Store, place: StorePlace
    ) -> None:
        keys = [str(n) for n in range(60)]
        queue(store, "job", *keys)
        processes = [_start(place, _CLAIM_ALL) for _ in range(3)]
        for process in processes:
            _let_go(process)
        got = [process.communicate()[0].split() for process in processes]
        assert [process.returncode for process in processes] == [0, 0, 0]
        assert sorted(key for part in got for key in part) == sorted(keys)
        with store.snapshot() as tx:
            tasks = tx.tasks("job")
        assert {(task.status, task.attempts) for task in tasks} == {(TaskStatus.RUNNING, 1)}

    def test_kill_9_of_a_writer_loses_nothing_acknowledged_and_leaves_no_halves(
        self, store: Store, place: StorePlace
    ) -> None:
        with _start(place, _INSERT_FOR_EVER) as process:
            _let_go(process)
            for _ in range(50):
                _line(process)
            process.kill()
            rest, _ = process.communicate()
        n_acknowledged = 50 + len(rest.split())
        with store.transaction() as tx:
            found = 0
            while (model := tx.find(Model, HOME, f"model-{found}")) is not None:
                assert tx.tags(model.arn) == {"number": str(found)}
                found += 1
            assert tx.count(Model, [""]) == found
            lines = tx.log_lines(LineQuery(scope=HOME, group="group"))
            assert [line.message for line in lines] == [str(n) for n in range(found)]
            owners = [event.owner for event in tx.events(after=0, limit=10_000)]
            assert owners == [a_job(f"job-{n}").arn for n in range(found)]
        # One more may have been committed and not told.
        assert n_acknowledged <= found <= n_acknowledged + 1

    def test_kill_9_inside_a_transaction_frees_the_store_and_leaves_nothing(
        self, store: Store, place: StorePlace
    ) -> None:
        with _start(place, _HOLD_THE_LOCK) as process:
            _let_go(process)
            assert _line(process) == "inside\n"
            process.kill()
        with store.transaction() as tx:
            assert tx.find(Model, HOME, "unfinished") is None

    def test_processes_may_migrate_together(self, empty_place: StorePlace) -> None:
        processes = [_start(empty_place, _MIGRATE) for _ in range(3)]
        for process in processes:
            _let_go(process)
        for process in processes:
            process.communicate()
        assert [process.returncode for process in processes] == [0, 0, 0]
        opened = empty_place.open()
        with opened.snapshot() as tx:
            assert tx.counts_by_status(Model) == {}
        opened.close()

    def test_a_store_of_the_parent_is_refused_after_a_fork(self, store: Store) -> None:
        child = os.fork()
        if child == 0:
            try:
                with store.snapshot():
                    os._exit(1)
            except RuntimeError:
                os._exit(0)
            os._exit(2)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0
