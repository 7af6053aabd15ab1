from __future__ import annotations

import random
import re
from collections.abc import Callable

import pytest

from windvane.domain.problem import ProblemSpec
from windvane.engine.data.analysis import Finding
from windvane.testing.tables import Workshop

N = 900
_RNG = random.Random(5)
_LABELS = [_RNG.choice(("no", "yes")) for _ in range(N)]
_NOISE = [_RNG.gauss(0, 1) for _ in range(N)]


def findings(
    workshop: Workshop, cell: Callable[[int], object], label: Callable[[int], object] | None = None
) -> dict[str, Finding]:
    """Of a table with a harmless column, the column `x` under test, and a label."""
    told = label or (lambda i: _LABELS[i])
    rows = "".join(f"{_NOISE[i]:.6f},{cell(i)},{told(i)}\n" for i in range(N))
    analysis = workshop.analyse("noise,x,y\n" + rows, problem=ProblemSpec("y"))
    return {finding.code: finding for finding in analysis.findings}


def test_a_clean_table_has_nothing_to_report(workshop: Workshop) -> None:
    assert findings(workshop, lambda i: f"{_NOISE[-i]:.3f}") == {}


@pytest.mark.parametrize(
    ("cell", "code", "severity", "message"),
    [
        (lambda i: 7, "constant-column", "low", "'x' \\(the same value '7' in all 900 rows\\)"),
        (lambda i: i, "identifier-column", "low", "'x' .* they number the rows"),
        (lambda i: "" if i % 3 else i % 7, "missing-values", "medium", "'x' 66.7 %"),
        (lambda i: "" if i % 10 == 0 else i % 7, "missing-values", "low", "'x' 10 %"),
        (lambda i: f"{_NOISE[i]:.6f}", "duplicate-columns", "medium", "'noise' = 'x'"),
        (lambda i: f"w{i % 200}", "high-cardinality", "medium", "'x' \\(200\\)"),
        (
            lambda i: ("10", "12", "small")[i % 3],
            "mixed-types",
            "low",
            "'10' and words such as 'small'",
        ),
        (lambda i: "many" if i == 9 else i % 60, "unreadable-cells", "medium", "'many' \\(1\\)"),
        (lambda i: 10**9 if i == 9 else i % 60, "skewed-column", "low", "'x' \\(30\\)"),
        (lambda i: 10**9 if i == 9 else i % 60, "outliers", "low", "'x' \\(1\\)"),
        (
            lambda i: f"0{i % 9 + 1}/0{i % 7 + 1}/2020",
            "ambiguous-dates",
            "medium",
            "'x': .*month first",
        ),
        (
            lambda i: {"no": "A", "yes": "B"}[_LABELS[i]],
            "target-copy",
            "high",
            "'x' tells the target",
        ),
        (
            lambda i: _NOISE[i] / 100 + (_LABELS[i] == "yes"),
            "target-leakage",
            "high",
            "'x' alone predicts the target 'y' almost perfectly",
        ),
    ],
)
def test_what_is_wrong_with_a_column_is_found(
    workshop: Workshop, cell: Callable[[int], object], code: str, severity: str, message: str
) -> None:
    found = findings(workshop, cell)
    assert code in found
    assert found[code].severity == severity
    assert "x" in found[code].columns
    assert re.search(message, found[code].message), found[code].message
    assert found[code].action


def test_identical_rows_are_counted(workshop: Workshop) -> None:
    rows = "".join(f"{_NOISE[i % 600]:.6f},{_LABELS[i % 600]}\n" for i in range(N))
    analysis = workshop.analyse("x,y\n" + rows)
    finding = next(f for f in analysis.findings if f.code == "duplicate-rows")
    assert finding.message.startswith("300 of 900 rows (33.3 %)")


def test_missing_targets_are_counted(workshop: Workshop) -> None:
    found = findings(workshop, lambda i: i % 7, lambda i: "" if i < 12 else _LABELS[i])
    assert found["invalid-target"].message.startswith("12 of 900 rows")


def test_imbalance_and_rare_classes_are_told(workshop: Workshop) -> None:
    found = findings(workshop, lambda i: i % 7, lambda i: "rare" if i < 4 else "common")
    assert found["imbalanced-target"].severity == "medium"
    assert "'rare' (4)" in found["rare-classes"].message


def test_a_numeric_copy_of_a_numeric_target_is_a_leak(workshop: Workshop) -> None:
    found = findings(workshop, lambda i: _NOISE[-i] * 3 + 1, lambda i: f"{_NOISE[-i]:.9f}")
    assert found["target-leakage"].columns == ("x",)


def test_findings_come_most_severe_first(workshop: Workshop) -> None:
    rows = "".join(f"7,{_LABELS[i]},{i % 5 or ''},{_LABELS[i]}\n" for i in range(N))
    analysis = workshop.analyse("a,b,c,y\n" + rows)
    severities = [finding.severity for finding in analysis.findings]
    assert severities == sorted(severities, key=["high", "medium", "low"].index)
    assert severities[0] == "high"
