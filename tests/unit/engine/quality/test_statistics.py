from datetime import datetime, timedelta, timezone

from windvane.engine.quality.statistics import Times, statistics


def test_the_dataset_is_told_with_its_times_and_which_rows_it_is(random_values, times):
    document = statistics(random_values(n_rows=40), times, {"regression_metrics": {}})
    assert document == {
        "version": 0.0,
        "dataset": {
            "item_count": 40,
            "start_time": "2026-01-02T03:04:05Z",
            "end_time": "2026-01-02T04:00:00Z",
            "evaluation_time": "2026-01-02T04:00:01Z",
            "rows": "out-of-fold rows of 5 folds",
        },
        "regression_metrics": {},
    }


def test_times_of_other_zones_are_told_in_utc(random_values):
    noon = datetime(2026, 7, 1, 12, 0, tzinfo=timezone(timedelta(hours=2)))
    document = statistics(random_values(), Times(noon, noon, noon), {})
    assert document["dataset"]["end_time"] == "2026-07-01T10:00:00Z"
