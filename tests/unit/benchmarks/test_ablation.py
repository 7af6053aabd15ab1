import numpy as np
import pandas as pd
import pytest

from benchmarks.ablation import main, missed
from windvane import AutoML


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """The job of a table that straight lines explain, and trees do not."""
    random = np.random.default_rng(0)
    X = random.normal(size=(600, 4))
    frame = pd.DataFrame(X, columns=list("abcd"))
    frame["y"] = X @ [3.0, -2.0, 1.0, 4.0] + random.normal(size=600) > 0
    home = tmp_path_factory.mktemp("kept")
    AutoML("y", objective="LogLoss", max_runtime_s=60, max_candidates=3).fit(
        frame, keep=home / "t" / "job"
    )
    return home


def test_what_the_table_needs_is_missed_and_what_it_has_not_is_not(kept):
    found = missed(kept / "t" / "job")
    assert found["linear models"] > 20
    assert found["forests"] == 0
    assert found["search beyond the openings"] == 0


def test_all_tables_that_were_kept_are_told(kept, capsys):
    assert main([str(kept)]) == 0
    told = capsys.readouterr().out
    assert "| without" in told
    assert "| linear models" in told


def test_a_folder_without_jobs_is_not_taken(tmp_path):
    assert main([str(tmp_path)]) == 2
