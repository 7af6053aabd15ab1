import numpy as np

from windvane.engine.quality.confusion import Confusion, confusion
from windvane.engine.quality.confusion_section import confusion_section, shown_classes
from windvane.engine.reports.document import Figure, Table


def test_few_classes_keep_their_order():
    assert shown_classes(Confusion(np.diag([1, 5, 3]))).tolist() == [0, 1, 2]


def test_of_many_classes_the_most_frequent_are_shown_first():
    shown = shown_classes(Confusion(np.diag(np.arange(40))))
    assert shown.tolist() == list(range(39, 24, -1))


def test_the_most_frequent_mistakes_are_named(random_many):
    judged = random_many(n_classes=4)
    table = next(block for block in confusion_section(judged).blocks if isinstance(block, Table))
    counts = confusion(judged).counts
    wrong = counts - np.diag(np.diagonal(counts))
    actual, predicted, rows, of_actual = table.rows[0]
    place = judged.labels.index(actual), judged.labels.index(predicted)
    assert int(rows) == wrong[place] == wrong.max()
    assert of_actual == f"{100 * wrong[place] / counts[place[0]].sum():.1f} %"
    assert all(row[0] != row[1] for row in table.rows)


def test_two_classes_have_a_matrix_alone(random_two):
    blocks = confusion_section(random_two()).blocks
    assert [type(block) for block in blocks] == [Figure]
