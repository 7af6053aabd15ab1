import pytest

from benchmarks.cluster import candidates


@pytest.mark.long
def test_every_request_is_measured_for_each_number_of_candidates(capsys):
    assert candidates.main(["--candidates", "2,3", "--rounds", "1"]) == 0
    told = capsys.readouterr().out
    assert "| 2 candidates | 3 candidates |" in told
    [line] = [line for line in told.splitlines() if "leaderboard" in line]
    assert all(float(cell) > 0 for cell in line.strip(" |").split("|")[1:])
