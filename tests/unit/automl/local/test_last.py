"""What a search ends with, once its candidates are known."""

import time
from dataclasses import replace

import pytest

from windvane.automl.local.finish import refit_members
from windvane.automl.local.job import Entry, Job
from windvane.automl.local.last import QUICK_S, last_entries, quick_ensemble
from windvane.automl.local.telling import Teller
from windvane.domain.problem import ProblemSpec
from windvane.engine import stages
from windvane.engine.candidates import Plan
from windvane.engine.outcomes import read_candidate, read_out_of_fold, write_candidate
from windvane.engine.training.trial import TrainLimits

BASELINE = Entry(0, "baseline", None, None)
"""There is nothing of it to refit."""

LATENCIES_S = {1: QUICK_S / 3, 2: 4 * QUICK_S, 3: QUICK_S / 2}


@pytest.fixture(scope="module")
def trained(amounts, tmp_path_factory):
    """Three candidates that err differently, by index: folder and plan."""
    fast = {"num_iterations": 30, "learning_rate": 0.1, "num_leaves": 7}
    others = (
        {},
        {"num_leaves": 3, "learning_rate": 0.2},
        {"extra_trees": True, "feature_fraction": 0.5, "num_iterations": 60},
    )
    found = {}
    for index, changes in enumerate(others, 1):
        plan = Plan(index, "dpp0", "lightgbm", {**fast, **changes}, 1)
        into = tmp_path_factory.mktemp("trained") / str(index)
        limits = TrainLimits(time.time() + 60)
        stages.train(amounts.dataset, amounts.features, plan, limits, into)
        found[index] = into, plan
    return found


@pytest.fixture
def searched(amounts, trained, tmp_path):
    """A job of three candidates, of which the second is slow: the job, and their entries."""
    job = Job((), "csv", "None", ProblemSpec("amount"), time.time(), 120.0, None, 2, 2000, tmp_path)
    job.dataset.symlink_to(amounts.dataset)
    entries = []
    for index, (folder, plan) in trained.items():
        record = read_candidate(folder)
        outcome = replace(record.outcome, latency_s=LATENCIES_S[index])
        job.candidate(index).mkdir(parents=True)
        changed = replace(record, outcome=outcome)
        write_candidate(job.candidate(index), changed, read_out_of_fold(folder))
        entries.append(Entry(index, "lightgbm", plan, outcome))
    return job, entries


def test_where_the_best_is_slow_there_is_a_quick_ensemble_too(searched):
    job, entries = searched
    [whole] = last_entries(job, entries, Teller(job.started, lambda event: None))
    assert whole.outcome.latency_s > QUICK_S
    quick = quick_ensemble(job, [whole, *entries])
    [quick] = refit_members(job, {}, BASELINE, quick).quick
    assert quick.index == whole.index + 1
    assert 0 < quick.outcome.latency_s <= QUICK_S
    assert 2 not in quick.outcome.members


@pytest.mark.parametrize("wish", [{"max_candidates": 9}, {"max_latency_s": 1.0}])
def test_there_is_none_where_the_leaderboard_must_not_hang_on_a_measured_time(searched, wish):
    job, entries = searched
    [whole] = last_entries(job, entries, Teller(job.started, lambda event: None))
    assert quick_ensemble(replace(job, **wish), [whole, *entries]) is None


def test_there_is_none_where_the_best_is_quick(searched):
    job, entries = searched
    assert quick_ensemble(job, entries[:2]) is None


def test_without_time_its_entry_says_so(searched):
    job, entries = searched
    [whole] = last_entries(job, entries, Teller(job.started, lambda event: None))
    quick = quick_ensemble(job, [whole, *entries])
    [one] = refit_members(replace(job, max_runtime_s=0.0), {}, BASELINE, quick).quick
    assert one.outcome is None
    assert "its time was over" in one.failure
