import pytest


def test_a_copy_of_the_target_in_other_words_is_found(found):
    findings = found(lambda i: {"no": "A", "yes": "B"}[found.labels[i]])
    assert findings.keys() == {"target-copy"}
    assert findings["target-copy"].severity == "high"
    assert findings["target-copy"].columns == ("x",)


def test_a_column_that_alone_predicts_the_target_is_found(found):
    findings = found(lambda i: found.noise[i] / 100 + (found.labels[i] == "yes"))
    assert findings.keys() == {"target-leakage"}
    assert findings["target-leakage"].severity == "high"
    assert findings["target-leakage"].columns == ("x",)


def test_a_numeric_copy_of_a_numeric_target_is_a_leak(found):
    findings = found(lambda i: found.noise[-i] * 3 + 1, lambda i: f"{found.noise[-i]:.9f}")
    assert findings["target-leakage"].columns == ("x",)


def test_a_good_column_is_no_leak(found):
    def cell(i):
        return found.noise[i] + 3 * (found.labels[i] == "yes")

    assert "target-leakage" not in found(lambda i: f"{cell(i):.6f}")


def test_one_row_that_is_far_in_a_column_and_in_the_target_makes_no_leak(found):
    findings = found(
        lambda i: 10**7 if i == 9 else f"{found.other[i]:.6f}",
        lambda i: 10**7 if i == 9 else f"{found.noise[-i]:.6f}",
    )
    assert "target-leakage" not in findings


def test_four_rows_of_a_class_do_not_make_a_leak_of_noise(workshop, found):
    names = ",".join(f"c{j}" for j in range(150))
    rows = "".join(
        ",".join(f"{found.noise[(i * 7 + j * 31 + i * i * j) % 900]:.3f}" for j in range(150))
        + f",{'rare' if i in (100, 300, 500, 700) else 'common'}\n"
        for i in range(900)
    )
    analysis = workshop.analyse(f"{names},y\n{rows}")
    powers = [analysis.statistics[f"c{j}"]["prediction_power"] for j in range(150)]
    assert max(powers) > 0.95
    assert "target-leakage" not in {one.code for one in analysis.findings}


def test_rows_shared_by_training_and_validation_are_counted(workshop, found):
    rows = "".join(f"{i % 7},{found.labels[i % 28]}\n" for i in range(900))
    findings = found.of("x,y\n" + rows)
    assert "900 of 900 validation rows (100 %)" in (findings["shared-rows"].message)
    assert findings["shared-rows"].severity == "medium"


def test_copies_that_share_a_fold_are_not_shared(found):
    rows = "".join(f"{found.noise[i % 850]:.6f},{found.labels[i % 850]}\n" for i in range(900))
    assert found.of("x,y\n" + rows).keys() == {"duplicate-rows"}


def test_copies_under_another_name_share_a_fold(workshop, found):
    rows = "".join(f"{i},{found.noise[i % 850]:.6f},{found.labels[i % 850]}\n" for i in range(900))
    findings = found.of("key,x,y\n" + rows)
    assert findings.keys() == {"renamed-duplicates", "identifier-column"}
    folds = workshop.dataset().folds
    assert (folds[:50] == folds[850:]).all()


@pytest.mark.parametrize("sign", [1, -1])
def test_rows_in_the_order_of_a_date_are_found(found, sign):
    findings = found(lambda i: day(450 + sign * (i // 2)))
    assert findings.keys() == {"time-order"}
    assert findings["time-order"].severity == "medium"
    assert findings["time-order"].columns == ("x",)
    assert "Rows are sorted by 'x'" in findings["time-order"].message


def test_a_date_that_the_target_follows_is_found_in_any_order_of_rows(found):
    findings = found(
        lambda i: day(i * 389 % 900), lambda i: f"{i * 389 % 900 + found.noise[i]:.3f}"
    )
    assert "'x' alone predicts the target 'y'" in findings["time-order"].message
    assert findings["time-order"].severity == "low"


def test_times_of_day_do_not_order_rows(found):
    assert found(lambda i: f"{i // 60 % 24:02d}:{i % 60:02d}") == {}


def test_rows_sorted_by_the_target_are_found(found):
    findings = found(label=lambda i: "no" if i < 500 else "yes")
    assert findings.keys() == {"row-order"}
    assert findings["row-order"].severity == "low"


def test_a_target_that_drifts_over_the_rows_is_found(found):
    findings = found(label=lambda i: f"{i / 300 + found.noise[-i]:.4f}")
    assert findings.keys() == {"row-order"}


def day(i):
    return f"{2001 + i // 336}-{i // 28 % 12 + 1:02d}-{i % 28 + 1:02d}"
