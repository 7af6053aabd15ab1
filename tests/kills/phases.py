"""What was under way when a server was killed."""

import shutil

from windvane.domain.candidate import ProcessingJob, TrainingJob, TransformJob
from windvane.domain.deployment import Endpoint
from windvane.domain.job import AutoMLJob
from windvane.domain.task import TaskKind, TaskStatus
from windvane.store.open import open_store

_OF_ACTS = {
    "put": "upload",
    "replace": "upload",
    "copy": "upload",
    "begin_parts": "upload in parts",
    "begin_cut": "upload in parts",
    "send": "upload in parts",
    "complete": "upload in parts",
    "abort": "upload in parts",
    "create": "a request to create",
    "update": "a request to update",
    "stop": "a request to stop",
    "delete": "a request to delete",
}
_OPEN = ("InProgress", "Stopping")


def phases(life, was_ready, folder, url, scratch):
    """Words for it: the client's request, tasks that ran, endpoints on their way, a backup; of a server that is gone.

    scratch    a folder that is not there
    """
    found = [] if was_ready else ["start"]
    if life.n_done == len(life.acts):
        found.append("stop")
    if was_ready:
        found += [word for act, word in _OF_ACTS.items() if life.asked.startswith(act)]
    if life.backups is not None and life.backups.is_under_way:
        found.append("backup")
    # Of a copy: the next server is to find the files as they were left.
    scratch.mkdir()
    for file in folder.glob("windvane.db*"):
        shutil.copy(file, scratch)
    store = open_store(url, scratch)
    with store.snapshot() as tx:
        jobs = [
            job
            for kind in (AutoMLJob, ProcessingJob, TrainingJob, TransformJob)
            for job in tx.every(kind, _OPEN)
        ]
        for job in jobs:
            running = [one.kind for one in tx.tasks(job.arn) if one.status is TaskStatus.RUNNING]
            found += [_word(kind, job) for kind in running]
        endpoints = tx.every(Endpoint, ("Creating", "Updating", "Deleting"))
        found += [f"endpoint {endpoint.status}" for endpoint in endpoints]
    store.close()
    shutil.rmtree(scratch)
    return sorted(set(found)) or ["nothing"]


def _word(kind, job):
    if kind is TaskKind.STEP:
        return f"{job.kind} job"
    return "candidate training" if kind is TaskKind.TRAIN else f"task {kind}"
