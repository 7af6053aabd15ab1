import pytest
from unit.benchmarks.made_up import failed, record

from benchmarks.records import Cells
from benchmarks.scale import Rank, Way, normalised, rank_of

PEERS = [
    record("base_lgbm", "t", 0.80),
    record("flaml", "t", 0.90),
    record("ag", "t", 0.85),
    record("ag", "t", 0.88, budget=300.0),
]


def score_of(score_up, peers=PEERS, **changes):
    cells = Cells([*peers, record("windvane", "t", score_up, **changes)])
    return normalised(cells, cells.get("windvane", "t", 60))


@pytest.mark.parametrize(
    ("score_up", "expected"), [(0.80, 0), (0.90, 1), (0.85, 0.5), (0.95, 1.5), (1.2, 2), (0.3, -1)]
)
def test_the_default_model_is_0_and_the_best_peer_1(score_up, expected):
    assert score_of(score_up) == pytest.approx(expected)


def test_a_peers_longer_budget_moves_the_scale():
    peers = [*PEERS, record("ag", "t", 1.0, budget=300.0)]
    assert score_of(0.9, peers) == pytest.approx(0.5)


def test_our_own_runs_do_not_move_the_scale():
    cells = Cells([*PEERS, record("windvane old", "t", 0.99), record("windvane", "t", 0.9)])
    assert normalised(cells, cells.get("windvane", "t", 60)) == pytest.approx(1)


def test_without_the_cut_a_score_is_told_as_it_is():
    cells = Cells([*PEERS, record("windvane", "t", 1.2)])
    assert normalised(cells, cells.get("windvane", "t", 60), Way.WHOLE) == pytest.approx(4)


def test_among_all_the_best_run_of_ours_is_1():
    cells = Cells([*PEERS, record("windvane", "t", 1.0), record("windvane", "t", 1.2, 300.0)])
    places = [normalised(cells, cells.get("windvane", "t", s), Way.AMONG_ALL) for s in (60, 300)]
    assert places == pytest.approx([0.5, 1])
    assert normalised(cells, cells.get("flaml", "t", 60), Way.AMONG_ALL) == pytest.approx(0.25)


def test_where_the_peers_are_level_the_noise_of_auc_is_the_unit():
    peers = [record("base_lgbm", "t", 0.9288), record("flaml", "t", 0.9289)]
    assert score_of(0.9279, peers) == pytest.approx(0.5)


def test_where_the_peers_are_level_one_percent_is_the_unit_of_an_error():
    peers = [
        record("base_lgbm", "t", -200.0, metric="rmse"),
        record("flaml", "t", -200.0, metric="rmse"),
    ]
    assert score_of(-201.0, peers, metric="rmse") == pytest.approx(0.5)


def test_the_default_model_may_be_the_best_there_is():
    peers = [record("base_lgbm", "t", 0.9), record("flaml", "t", 0.8)]
    assert score_of(0.9, peers) == pytest.approx(1)


def test_a_table_without_peers_has_no_scale():
    assert score_of(0.9, [record("flaml", "t", 0.9)]) is None
    assert score_of(0.9, [record("base_lgbm", "t", 0.9)]) is None


def test_a_failed_run_has_no_score():
    cells = Cells([*PEERS, failed("windvane", "t")])
    assert normalised(cells, cells.get("windvane", "t", 60)) is None


def test_the_median_over_seeds_is_placed():
    runs = [record("windvane", "t", s, seed=n) for n, s in enumerate((0.8, 0.99, 0.85))]
    cells = Cells([*PEERS, *runs])
    assert normalised(cells, cells.get("windvane", "t", 60)) == pytest.approx(0.5)


def rank(system, budget, *runs):
    cells = Cells([*PEERS, *runs])
    return rank_of(cells.get(system, "t", budget), cells, "windvane")


def test_rank_is_among_peers_of_60_seconds_and_default_models():
    assert rank("windvane", 60, record("windvane", "t", 0.87)) == Rank(2, 4)


def test_a_short_run_is_ranked_among_peers_of_60_seconds():
    assert rank("windvane", 10, record("windvane", "t", 0.7, budget=10.0)) == Rank(4, 4)


def test_a_long_run_meets_each_peer_once_with_its_longest_budget():
    assert rank("windvane", 300, record("windvane", "t", 0.87, budget=300.0)) == Rank(3, 4)


def test_a_peer_is_ranked_among_the_others_and_us():
    assert rank("ag", 60, record("windvane", "t", 0.87)) == Rank(3, 4)


def test_equals_share_a_place():
    assert rank("windvane", 60, record("windvane", "t", 0.9)) == Rank(1, 4)


def test_what_failed_comes_last():
    assert rank("windvane", 60, failed("windvane", "t")) == Rank(4, 4)


def test_one_failed_seed_is_enough_to_come_last():
    runs = [record("windvane", "t", 0.99), failed("windvane", "t", seed=1)]
    assert rank("windvane", 60, *runs) == Rank(4, 4)
