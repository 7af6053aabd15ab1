import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.cluster.queue import TaskQueue, Waiting
from windvane.domain.resource import Kind
from windvane.domain.task import NewTask, TaskKind, TaskStatus
from windvane.names import Scope, arn
from windvane.store.open import open_store
from windvane.work.workers.roles import Role

NOW = datetime(2026, 1, 1, tzinfo=UTC)
KINDS = (TaskKind.TRAIN, TaskKind.FEATURES, TaskKind.TRANSFORM, TaskKind.EXPLAIN)


def test_workers_are_given_tasks_in_the_order_of_the_store(tmp_path: Path):
    store, queue, drawn = open_store("", tmp_path), TaskQueue[str](), random.Random(0)
    store.migrate()
    held = {}
    for number in range(300):
        now = NOW + timedelta(seconds=number)
        chance = drawn.random()
        with store.transaction() as tx:
            if chance < 0.45:
                account = f"{drawn.randrange(3):012}"
                job = arn(Scope(account, "us-east-1"), Kind.AUTO_ML_JOB, f"job{drawn.randrange(4)}")
                kind = drawn.choice(KINDS)
                tx.add_tasks(job, [NewTask(kind, f"{kind}-{number}")], now)
                queue.add(Waiting(job, account, kind, f"{kind}-{number}", number, number))
            elif chance < 0.8:
                role = drawn.choice(list(Role))
                found = None
                for kinds in role.turns:
                    found = found or tx.claim_task(kinds, f"run/{role}-1/1", now, now)
                claimed = queue.claim(role.turns)
                assert (found and found.key) == (claimed and claimed.key)
                if found is not None and claimed is not None:
                    held[found.key] = found, claimed
            elif held:
                task, waiting = held.pop(drawn.choice(sorted(held)))
                assert tx.finish_task(task, TaskStatus.DONE, now, result={})
                queue.end(waiting)
    assert held
    store.close()
