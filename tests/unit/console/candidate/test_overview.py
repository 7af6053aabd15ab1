"""What the overview of a candidate proposes."""

from windvane.console.candidate.overview import free_name


def test_a_proposed_name_is_free_and_can_be_said():
    assert free_name("churn-9", ["other", "churn"]) == "churn-9"
    assert free_name("churn-9", ["churn-9"]) == "churn-9-2"
    assert free_name("churn-9", ["churn-9", "churn-9-3", "churn-9-2"]) == "churn-9-4"
