import json

import pytest

from benchmarks.cluster import table_sizes
from benchmarks.cluster.table_sizes import Milestones, milestones_of, sizes_of


def test_sizes_are_rows_and_columns():
    assert sizes_of("10000x30,2000x10") == [(10_000, 30), (2_000, 10)]


def test_milestones_are_the_first_of_their_kind():
    told = [
        {"event": "stage", "stage": "analysis", "state": "started", "elapsed_s": 0.1},
        {"event": "analysed", "elapsed_s": 1.5},
        {"event": "candidate", "state": "started", "elapsed_s": 1.6},
        {"event": "candidate", "state": "failed", "elapsed_s": 1.9},
        {"event": "candidate", "state": "finished", "elapsed_s": 4.0},
        {"event": "candidate", "state": "finished", "elapsed_s": 3.0},
    ]
    assert milestones_of(told) == Milestones(1.5, 3.0, 2)


def test_a_job_that_came_to_nothing_has_none():
    assert milestones_of([]) == Milestones(None, None, 0)


@pytest.mark.long
def test_a_small_table_is_learnt_in_a_process_of_its_own(capsys):
    assert table_sizes.main(["--sizes", "600x4", "--budget", "30", "--memory", "1500"]) == 0
    told = capsys.readouterr().out
    [line] = [line for line in told.splitlines() if line.startswith("| 600 ")]
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert cells[:2] == ["600", "4"]
    assert float(cells[3]) > 0, json.dumps(cells)
    assert int(cells[4]) >= 1
    assert int(cells[7]) > 0
