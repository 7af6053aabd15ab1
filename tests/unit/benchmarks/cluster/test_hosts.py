import pytest

from benchmarks.cluster import hosts
from benchmarks.cluster.hosts import Answers, rate_of


def test_a_rate_is_of_answered_requests_over_the_time_that_passed():
    assert rate_of(Answers(2.0, [0.3, 0.1, 0.2], ["failed"])) == ["2", "200"]


def test_no_answer_has_no_median():
    assert rate_of(Answers(2.0, [], [])) == ["0", "–"]


@pytest.mark.long
def test_one_host_gets_the_instance_and_answers(capsys):
    found = hosts.main(["--hosts", "1", "--seconds", "1"])
    told = capsys.readouterr()
    if found == 2:
        pytest.skip(told.err)
    [line] = [line for line in told.out.splitlines() if line.startswith("| 1 ")]
    assert int(line.strip(" |").split("|")[2]) > 0
