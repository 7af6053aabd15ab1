import pytest


def test_missing_targets_are_counted(found):
    findings = found(label=lambda i: "" if i < 12 else found.labels[i])
    assert findings.keys() == {"invalid-target"}
    assert findings["invalid-target"].message.startswith("12 of 900 rows")
    assert findings["invalid-target"].severity == "low"


def test_many_missing_targets_are_worse(found):
    findings = found(label=lambda i: "" if i < 300 else found.labels[i])
    assert findings["invalid-target"].severity == "medium"


def test_imbalance_and_rare_classes_are_told(found):
    findings = found(label=lambda i: "rare" if i < 4 else "common")
    assert findings.keys() == {"imbalanced-target", "rare-classes"}
    assert findings["imbalanced-target"].severity == "medium"
    assert (
        "Always predicting 'common' reaches an accuracy of 99.6 %"
        in findings["imbalanced-target"].consequence
    )
    assert "'rare' (4)" in findings["rare-classes"].message


def test_slight_imbalance_is_none(found):
    assert found(label=lambda i: "some" if i % 5 == 0 else "most") == {}


def test_rows_of_one_description_and_two_classes_are_counted(found):
    rows = "".join(f"{i // 3},k{i // 3 % 50},{'yes' if i % 3 else 'no'}\n" for i in range(900))
    findings = found.of("x,colour,y\n" + rows)
    told = findings["contradictory-rows"]
    assert told.message.startswith(
        "900 of 900 rows (100 %) have the same features as a row of another class"
    )
    assert told.consequence.startswith("300 of them (33.3 % of all rows)")
    assert told.severity == "medium"


def test_rows_that_only_a_name_tells_apart_contradict_each_other(found):
    rows = "".join(f"n{i},{i // 2 % 40},{'yes' if i % 2 else 'no'}\n" for i in range(900))
    findings = found.of("name,x,y\n" + rows)
    assert findings["contradictory-rows"].consequence.startswith("450 of them")


def test_a_long_tail_of_the_target_is_told(found):
    findings = found(label=lambda i: f"{2.718 ** (1.5 * found.noise[-i]):.6f}")
    assert "skewed-target" in findings
    assert findings["skewed-target"].severity == "low"


def test_a_target_far_from_all_others_is_told(found):
    findings = found(label=lambda i: "1e6" if i == 5 else f"{found.noise[-i]:.6f}")
    assert findings["outlying-target"].message.startswith("1 of 900 targets")


def test_a_target_with_a_limit_is_told(found):
    findings = found(label=lambda i: f"{min(found.noise[-i], 1.5):.6f}")
    assert findings.keys() == {"capped-target"}
    assert "have the largest target value, 1.5" in findings["capped-target"].message


@pytest.mark.parametrize(
    "label",
    [lambda x: f"{x:.6f}", lambda x: round(20 * x), lambda x: f"{max(x, -1.5):.6f}"],
    ids=["fractions", "integers", "floor"],
)
def test_ordinary_targets_are_not_reported(found, label):
    assert found(label=lambda i: label(found.noise[-i])) == {}
