"""A whole job from files to packages, in children of this process: what `AutoML` and `windvane automl` run.

The job's folder:

    dataset/  features/R/  candidates/N/  refits/N/     what the stages write
    fewer/                                              the first candidate again, learnt from fewer rows
    best/transformers/  best/model/                     the packages of the best candidate
    latency.json                                        seconds they take for a row
    leaderboard.json                                    every candidate, best first
    definitions/                                        the candidate definitions, if they are wanted

Reports, if they are wanted, have a folder of their own (automl/local/reports.py).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path

from windvane.automl.local.commission import Commission, Kind, reports_end
from windvane.automl.local.defining import definitions_beside
from windvane.automl.local.finish import refit_members, with_refits
from windvane.automl.local.fold_count import FIRST
from windvane.automl.local.front import Choice, choose, noted, stated, with_pessimism
from windvane.automl.local.hunt import Hunt
from windvane.automl.local.job import LEAST_ROWS, Entry, Job, leaderboard_to_json, ranked
from windvane.automl.local.last import alone, last_entries, last_resort, quick_ensemble
from windvane.automl.local.libraries import Libraries
from windvane.automl.local.telling import OnEvent, Teller
from windvane.engine import stages
from windvane.engine.data.analysis import Analysis, ReadOptions
from windvane.engine.data.dataset import read_analysis, read_dataset
from windvane.engine.manifest import read_json, write_json
from windvane.engine.scoring.judge import with_latency
from windvane.errors import DataFault, JobFault
from windvane.process.child import Ending, Exit

_LATENCY = "latency.json"
_MEASURING_S = 0.3
"""Beyond what loading the model takes, which is about what packing it does: for measuring its latency, if there is so much
time."""


def conduct(job: Job, on_event: OnEvent, libraries: Libraries) -> None:
    """Run the job and write its folder; what it tells on the way is in automl/local/telling.py.

    libraries   loaded into this process while the data are read, and before an algorithm is first used

    raises    JobFault, or DataFault if the data are to blame
    """
    teller = Teller(job.started, on_event)
    with teller.stage("analysis"):
        analysis = _analyse(job, libraries.load_next)
    teller.tell(
        "analysed",
        problem_type=analysis.problem_type,
        problem_reason=analysis.problem_reason,
        objective=analysis.objective,
        n_rows=analysis.n_rows,
        n_features=len(analysis.features),
        n_folds=analysis.n_folds,
        n_findings=len(analysis.findings),
    )
    hunt = Hunt(job, read_dataset(job.dataset), teller, libraries.load_for)
    with teller.stage("search"):
        hunt.run()
    entries = [*hunt.entries, *last_entries(job, hunt.entries, teller)]
    order = ranked(entries, analysis.objective)
    choice = choose(order, job.max_latency_s)
    luck = _optimism(job, order, choice)
    with teller.stage("refit"):
        chosen, quick = _entry(order, choice.index), quick_ensemble(job, order)
        finished = refit_members(job, hunt.recipes, chosen, quick)
    if finished.quick:
        order = ranked([*order, *finished.quick], analysis.objective)
        choice = choose(order, job.max_latency_s)
    order = stated(with_refits(order, finished.refits), luck)
    with teller.stage("packing"):
        _pack(job, hunt.recipes, order, choice.index, finished.refits)
    if (job.out / _LATENCY).exists():
        latency_s = float(read_json(job.out / _LATENCY)["latency_s"])
        order = [_measured(entry, choice, latency_s) for entry in order]
    order = with_pessimism(order, _pessimism(job, hunt))
    document = leaderboard_to_json([noted(entry, choice) for entry in order])
    (job.out / "leaderboard.json").write_text(json.dumps(document, indent=1))
    if job.reports is not None:
        with teller.stage("reports"):
            commission = _commission(job, job.reports, choice.index)
            with _definitions(job, commission.ends, teller):
                _report(commission, teller)
    teller.tell("done", best=choice.index, ended=hunt.ended, note=choice.note)


def _analyse(job: Job, meanwhile: Callable[[], bool]) -> Analysis:
    options = ReadOptions(
        scratch=job.out,
        format=job.format,
        compression=job.compression,
        memory_mb=job.memory_mb // 2,
        threads=job.threads,
        min_rows=LEAST_ROWS,
    )

    def work() -> None:
        stages.analyse(job.files, options, job.problem, job.dataset, job.validation)

    ended = alone(job, work, last_resort(job), meanwhile)
    if ended.is_a(DataFault):
        raise DataFault(ended.text)
    if ended.is_a(JobFault):
        raise JobFault(ended.text)
    if ended.ending is not Ending.FINISHED:
        raise JobFault(f"The data could not be analysed. {_why(ended, job)}")
    return read_analysis(job.dataset)


def _why(ended: Exit, job: Job) -> str:
    if ended.ending is Ending.KILLED_TIME:
        return f"It took longer than the {job.max_runtime_s:g} s that the job has; give it more."
    if ended.ending is Ending.KILLED_MEMORY:
        return f"It needed more memory than the {job.memory_mb} MB that the job has; give it more."
    return ended.text


def _optimism(job: Job, order: Sequence[Entry], choice: Choice) -> float | None:
    """Of the first candidate's score; None if it was not picked by that alone, or says so already."""
    first = order[0]
    if choice.index != first.index or (first.outcome and first.outcome.optimism is not None):
        return None
    folders = {entry.index: job.candidate(entry.index) for entry in order if entry.outcome}
    return stages.optimism(job.dataset, folders, choice.index)


def _pessimism(job: Job, hunt: Hunt) -> float | None:
    if not hunt.has_fewer:
        return None
    return stages.pessimism(job.dataset, job.candidate(FIRST), job.fewer)


def _entry(entries: Sequence[Entry], index: int) -> Entry:
    return next(entry for entry in entries if entry.index == index)


def _pack(
    job: Job,
    recipes: Mapping[str, Path],
    order: Sequence[Entry],
    best: int,
    refits: Mapping[int, Path],
) -> None:
    """Write the packages of candidate `best`, and how long they take for a row if there is time to find out."""
    folders = {entry.index: job.candidate(entry.index) for entry in order if entry.outcome}
    candidates = {**folders, **refits}

    def work() -> None:
        began = time.time()
        stages.assemble(job.dataset, recipes, candidates, best, job.out / "best")
        if job.deadline - time.time() > time.time() - began + _MEASURING_S:
            latency_s = stages.row_latency(job.dataset, job.out / "best")
            write_json(job.out / _LATENCY, {"latency_s": latency_s})

    ended = alone(job, work, last_resort(job))
    if ended.ending is not Ending.FINISHED:
        raise JobFault(f"Candidate {best}, the best, could not be packed. {ended.text}")


def _measured(entry: Entry, choice: Choice, latency_s: float) -> Entry:
    if entry.index != choice.index or entry.outcome is None:
        return entry
    return replace(entry, outcome=with_latency(entry.outcome, latency_s))


def _commission(job: Job, into: Path, best: int) -> Commission:
    return Commission(
        job=job.out,
        candidate=best,
        kinds=tuple(Kind),
        into=into,
        ends=reports_end(time.time(), job.deadline + job.reports_s, job.reports_s),
        threads=job.threads,
        memory_mb=job.memory_mb,
        started=job.started,
    )


def _definitions(job: Job, ends: float, teller: Teller) -> AbstractContextManager[None]:
    return definitions_beside(job, ends, teller) if job.definitions else nullcontext()


def _report(commission: Commission, teller: Teller) -> None:
    # Loading what reports need would take time from jobs that want none.
    from windvane.automl.local.reports import make_reports

    make_reports(commission, teller)
