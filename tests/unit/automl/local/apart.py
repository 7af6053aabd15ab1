"""Jobs in processes of their own: one that has run many tests is no good parent for those that train."""

import multiprocessing
from dataclasses import replace

from windvane.automl import ending, limits
from windvane.automl.actions import BuildEnsemble
from windvane.automl.local import performing
from windvane.automl.local.job import Job
from windvane.automl.local.libraries import Libraries
from windvane.automl.local.run import run_here
from windvane.engine.candidate_io import read_candidate, read_out_of_fold, write_candidate
from windvane.engine.tuning import cost
from windvane.errors import JobFault

AT_MOST_S = 200

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["unit.automl.local.apart", "lightgbm", "xgboost", "pandas"])


def events_of(job, change=None, *arguments):
    """Run a job, and return its events; the last one is 'fault' if it failed.

    change    called first in the process of the job, with these arguments
    """
    here, there = _FORKS.Pipe(duplex=False)
    process = _FORKS.Process(target=_run, args=(there, job.to_json(), change, arguments))
    process.start()
    there.close()
    assert here.poll(AT_MOST_S)
    events = here.recv()
    process.join()
    return events


def _run(there, job, change, arguments):
    if change is not None:
        change(*arguments)
    events = []
    try:
        run_here(Job.from_json(job), events.append, Libraries(()))
    except JobFault as fault:
        events.append({"event": "fault", "kind": type(fault).__name__, "text": str(fault)})
    there.send(events)


def take_long_to_analyse():
    """No analysis ends, and no job waits for one."""
    performing.analyse = lambda *_: multiprocessing.Event().wait()
    limits._LAST_RESORT_S = 0.5


def expect_much_memory_of_odd_candidates():
    cost.predicted_mb = lambda analysis, plan: 1e6 if plan.index % 2 else 10.0


def have_a_quick_ensemble(gain):
    """There is a quick ensemble, which says what the whole one says and scores better by the gain."""
    build = performing.stages.build_ensemble

    def build_ensemble(dataset, members, index, into, latency_s, ends):
        if latency_s is None:
            return build(dataset, members, index, into, latency_s, ends)
        whole = into.parent / str(index - 1)
        record = read_candidate(whole)
        better = (replace(one, value=one.value - gain) for one in record.outcome.train_scores)
        outcome = replace(record.outcome, index=index, train_scores=tuple(better))
        into.mkdir()
        write_candidate(into, replace(record, outcome=outcome), read_out_of_fold(whole))
        return outcome

    def quick_ensemble(at, order):
        best = order[0]
        return BuildEnsemble(best.index + 1, tuple(best.outcome.members), is_quick=True)

    performing.stages.build_ensemble = build_ensemble
    ending._quick_ensemble = quick_ensemble
