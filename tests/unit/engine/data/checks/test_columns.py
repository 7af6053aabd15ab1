import re

import pytest


@pytest.mark.parametrize(
    ("cell", "code", "severity", "message"),
    [
        (lambda i: 7, "constant-column", "low", "'x' \\(the same value '7' in all 900 rows\\)"),
        (lambda i: i, "identifier-column", "low", "'x' .* looks like a row number"),
        (lambda i: "" if i % 3 else i % 7, "missing-values", "medium", "'x' 66.7 %"),
        (lambda i: "" if i % 10 == 0 else i % 7, "missing-values", "low", "'x' 10 %"),
        (lambda i: "NA" if i % 10 == 0 else i % 7, "missing-values", "low", "10 % \\(as 'NA'\\)"),
        (lambda i: f"w{i % 200}", "high-cardinality", "medium", "'x' \\(200\\)"),
        (
            lambda i: ("10", "12", "small")[i % 3],
            "mixed-types",
            "low",
            "'10' and text such as 'small'",
        ),
        (lambda i: "many" if i == 9 else i % 60, "unreadable-cells", "medium", "'many' \\(1\\)"),
        (lambda i: 10**9 if i == 9 else i % 60, "skewed-column", "low", "'x' \\(30\\)"),
        (
            lambda i: 10**9 if i == 9 else i % 60,
            "outliers",
            "low",
            "'x' \\(1; from 0 to 1,000,000,000",
        ),
        (lambda i: -999 if i < 20 else i % 60, "outliers", "low", "'x' \\(20; from -999 to 59"),
        (
            lambda i: f"0{i % 9 + 1}/0{i % 7 + 1}/2020",
            "ambiguous-dates",
            "medium",
            "'x': .*month first",
        ),
    ],
)
def test_what_is_wrong_with_a_column_is_found(found, cell, code, severity, message):
    findings = found(cell)
    assert code in findings
    assert findings[code].severity == severity
    assert findings[code].columns == ("x",)
    assert re.search(message, findings[code].message), findings[code].message


def test_zeros_far_from_all_other_values_are_told(found):
    findings = found(lambda i: 0 if i % 100 == 0 else f"{3 + i % 90 / 10:.1f}")
    assert findings.keys() == {"lone-zeros"}
    assert "'x' (9; the nearest other value is 3)" in findings["lone-zeros"].message


@pytest.mark.parametrize(
    "cell",
    [
        lambda i: 0 if i % 10 == 0 else 3 + i % 90 / 10,
        lambda i: 0 if i % 100 == 0 else 1 + i % 60,
        lambda i: 0 if i % 100 == 0 else (3 + i % 90 / 10) * (-1) ** i,
        lambda i: i % 900 / 10,
        lambda i: 0 if i % 100 == 0 else 30 + i % 5,
        lambda i: 3 + i % 90 / 10,
    ],
    ids=["many", "counts", "both signs", "others near zero", "few distinct values", "none"],
)
def test_zeros_that_are_values_like_others_are_not_told(found, cell):
    assert "lone-zeros" not in found(cell)


def test_equal_columns_are_found(found):
    findings = found(lambda i: f"{found.noise[i]:.6f}")
    assert findings.keys() == {"duplicate-columns"}
    assert findings["duplicate-columns"].columns == ("noise", "x")
    assert "'noise' = 'x'" in findings["duplicate-columns"].message


def test_columns_that_say_the_same_in_other_words_are_found(found):
    words = {0: "none", 1: "one", 2: "two"}
    rows = "".join(
        f"{found.noise[i]:.6f},{i % 3},{words[i % 3]},{found.labels[i]}\n" for i in range(900)
    )
    findings = found.of("noise,number,word,y\n" + rows)
    assert findings.keys() == {"equivalent-columns"}
    assert "'number' = 'word'" in findings["equivalent-columns"].message


@pytest.mark.parametrize(
    "cell",
    [
        lambda i: int(i % 300 == 7),
        lambda i: (i % 300 == 7) * (i % 5),
        lambda i: 3 ** (i % 7),
        lambda i: "" if i % 30 == 0 else i % 7,
        lambda i: f"w{i % 90}",
        lambda i: f"2020-{i % 12 + 1:02d}-{i % 28 + 1:02d}",
    ],
    ids=["rare mark", "rare count", "growing", "few missing", "categories", "dates"],
)
def test_what_is_ordinary_is_not_reported(found, cell):
    assert found(cell) == {}


def test_advice_to_write_none_is_given_only_where_a_word_was_taken_as_missing(found):
    empty = found(lambda i: "" if i % 3 else i % 7)
    marked = found(lambda i: "NA" if i % 3 else i % 7)
    assert "'none'" not in empty["missing-values"].action
    assert "'none'" in marked["missing-values"].action
