import pytest

from benchmarks.cluster import endpoints
from benchmarks.cluster.endpoints import Standing, available_mb, rows_of
from benchmarks.growth import Held

MB = 1_000_000


def standing(n, total_mb, starts_s=(1.0,)):
    held = {
        "server 1": Held(90 * MB, 80 * MB, 50 + n),
        "serving.instance 2": Held(60 * MB, 40 * MB, 9),
        "all": Held(total_mb * MB, total_mb * MB, 60 + n),
    }
    return Standing(n, held, 12, starts_s, [0.004] * 99 + [0.5])


def test_a_further_endpoint_holds_what_was_added_since_the_line_before():
    first, second = rows_of([standing(1, 200), standing(11, 600)])
    assert first[:6] == ["1", "2", "12", "200", "–", "80"]
    assert second[:6] == ["11", "2", "12", "600", "40.0", "80"]
    assert second[6] == "61"
    assert second[9] == "4.0"


def test_no_more_endpoints_than_before_add_nothing():
    [_, second] = rows_of([standing(5, 200), standing(5, 210, starts_s=())])
    assert second[4] == second[7] == second[8] == "–"


def test_memory_that_is_left_is_what_the_kernel_could_give_out():
    assert available_mb("MemTotal: 9 kB\nMemAvailable:   2097152 kB\nBuffers: 1 kB\n") == 2048


@pytest.mark.long
def test_endpoints_are_made_asked_and_counted(capsys):
    words = ["--endpoints", "1,2", "--requests", "5", "--leave", "100"]
    assert endpoints.main(words) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip(" |").split("|")] for line in lines[2:]]
    assert [row[0] for row in cells] == ["1", "2"]
    assert all(float(row[9]) > 0 for row in cells)
    assert int(cells[1][1]) > int(cells[0][1])
