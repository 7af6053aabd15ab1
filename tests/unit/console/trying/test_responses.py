"""Each label's probability is shown by itself, where the labels are those of every row."""

from windvane.console.trying.responses import by_label

HEAD = ["predicted_label", "labels", "probability", "probabilities"]


def test_labels_and_probabilities_become_a_response_for_each_label():
    answers = [["no", ["no", "yes"], 0.9, [0.9, 0.1]], ["yes", ["no", "yes"], 0.7, [0.3, 0.7]]]
    assert by_label(HEAD, answers) == (
        ["predicted_label", "probability", "probability of no", "probability of yes"],
        [["no", 0.9, 0.9, 0.1], ["yes", 0.7, 0.3, 0.7]],
    )


def test_what_has_no_labels_or_other_ones_in_each_row_stays_as_it_is():
    for head, answers in (
        (["score"], [[1.5], [2.5]]),
        (HEAD, []),
        (HEAD, [["a", ["a", "b"], 0.6, [0.6, 0.4]], ["c", ["a", "c"], 0.6, [0.4, 0.6]]]),
        (HEAD, [["a", ["a", "b"], 0.6, [0.6]]]),
        (HEAD, [["a", "a", 0.6, 0.6]]),
        (HEAD, [["0", [str(one) for one in range(13)], 0.1, [0.1] * 13]]),
    ):
        assert by_label(head, answers) == (head, answers)
