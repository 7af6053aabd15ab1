import numpy as np
import pandas as pd
import pytest

from windvane.domain.problem import ProblemType
from windvane.engine.exploration.report import explore
from windvane.engine.exploration.sections import pictures as picture_room
from windvane.engine.reports.document import Figure, Notice, Table, Text
from windvane.engine.reports.drawing import picture_of
from windvane.engine.reports.files import pictures_of
from windvane.engine.reports.page import page_of

SECTIONS = [
    "Dataset summary",
    "Insights",
    "Target analysis",
    "Data sample",
    "Duplicate rows",
    "Cross column statistics",
    "Anomalous rows",
    "Missing values",
    "Cardinality",
    "Descriptive statistics",
    "Features against the target",
    "Definitions",
]
HOSTILE = ("$x$", "<script>alert(1)</script>", "a\nb", "\u202e", "|", "`", "漢字", "w" * 300)


def blocks(report, kind, section=None):
    return [
        block
        for one in report.sections
        if section in (None, one.title)
        for block in one.blocks
        if isinstance(block, kind)
    ]


def text_of(report, section):
    return " ".join(block.text for block in blocks(report, Text, section))


def first_cells(table):
    return [row[0] for row in table.rows]


def page(report):
    return page_of(report, pictures_of(report))


def draw_all(report):
    for figure in blocks(report, Figure):
        assert picture_of(figure, "figure").svg.startswith("<svg")
        assert figure.numbers.rows


@pytest.fixture(scope="module")
def on_amounts(stored_amounts):
    return explore(stored_amounts.folder)


@pytest.fixture(scope="module")
def on_classes(stored_classes):
    return explore(stored_classes.folder)


@pytest.mark.parametrize("name", ["on_amounts", "on_classes"])
def test_a_report_has_all_sections_in_order_and_its_pictures_can_be_drawn(request, name):
    report = request.getfixturevalue(name)
    assert [section.title for section in report.sections] == SECTIONS
    assert all(figure.numbers.rows for figure in blocks(report, Figure))
    told = page(report)
    assert told.count("<svg") >= len(blocks(report, Figure)) > 0
    assert "</html>" in told


def test_every_row_of_every_table_is_as_long_as_its_head(on_classes):
    report = on_classes
    tables = [*blocks(report, Table), *(one.numbers for one in blocks(report, Figure))]
    for table in tables:
        assert all(len(row) == len(table.head) for row in table.rows), table.head
        assert all(isinstance(cell, str) for row in table.rows for cell in row), table.head
        assert all(place < len(table.head) for place in table.numeric)


def test_facts_and_summary_count_rows_and_columns(store, mixed):
    table = mixed.drop(columns="amount")
    table.loc[:11, "y"] = None
    table = pd.concat([table, table.iloc[20:25]], ignore_index=True)
    report = explore(store(table, "y").folder)
    facts = dict(report.facts)
    assert facts["Rows"] == "593"
    assert facts["Columns"] == "6"
    assert facts["Duplicate rows"].startswith("5 ")
    summary = dict(blocks(report, Table, "Dataset summary")[0].rows)
    assert summary["Rows in the files"] == "605"
    assert summary["Rows without a valid target (excluded)"] == "12"
    assert summary["Columns of type categorical"] == "1"


def test_insights_are_the_findings_with_evidence_consequence_and_action(stored_classes, on_classes):
    report = on_classes
    findings = stored_classes.analysis.findings
    notices = blocks(report, Notice, "Insights")
    assert len(notices) == len(findings) > 0
    for notice, finding in zip(notices, findings, strict=True):
        assert notice.severity == finding.severity
        assert notice.paragraphs[0] == finding.message
        assert finding.consequence in notice.paragraphs[1]
        assert finding.action in notice.paragraphs[2]
    assert dict(report.facts)["Insights"].startswith("0 high, ")


def test_a_table_without_findings_says_so(store):
    random = np.random.default_rng(0)
    table = pd.DataFrame({"x": random.normal(size=300), "y": random.normal(size=300)})
    assert "No problems found" in text_of(explore(store(table, "y").folder), "Insights")


def test_a_numeric_target_has_its_statistics(on_amounts, mixed):
    told = dict(blocks(on_amounts, Table, "Target analysis")[0].rows)
    assert float(told["Mean"]) == pytest.approx(mixed["amount"].mean(), rel=1e-3)
    assert float(told["Median"]) == pytest.approx(mixed["amount"].median(), rel=1e-3)
    assert float(told["Largest"]) == pytest.approx(mixed["amount"].max(), rel=1e-3)


def test_classes_come_with_their_frequencies(on_classes, mixed):
    numbers = blocks(on_classes, Figure, "Target analysis")[0].numbers
    counted = mixed["y"].value_counts()
    assert [(row[0], row[1]) for row in numbers.rows] == [
        (name, str(count)) for name, count in counted.items()
    ]


def test_sampled_cells_are_those_of_the_rows_they_are_said_to_be(on_amounts, mixed):
    told = blocks(on_amounts, Table, "Data sample")[1]
    rows = [int(head.removeprefix("Row ")) - 1 for head in told.head[1:]]
    cells = {row[0]: row[1:] for row in told.rows}
    assert list(cells["colour"]) == mixed["colour"][rows].fillna("missing").to_list()
    assert list(cells["day"]) == mixed["day"][rows].to_list()
    assert [float(cell) for cell in cells["amount"]] == pytest.approx(
        mixed["amount"][rows].to_list(), rel=1e-3
    )


def test_most_frequent_rows_are_shown(store, mixed):
    table = pd.concat([mixed, mixed.iloc[:3], mixed.iloc[:1]], ignore_index=True).drop(columns="y")
    told = blocks(explore(store(table, "amount").folder), Table, "Duplicate rows")[0]
    assert told.rows[0][0] == "3"
    assert float(told.rows[0][1]) == pytest.approx(table["amount"][0], rel=1e-3)


def test_the_matrix_is_that_of_the_columns_it_names(on_amounts, mixed):
    numbers = blocks(on_amounts, Figure, "Cross column statistics")[0].numbers
    place = list(numbers.head).index("twice")
    row = next(row for row in numbers.rows if row[0] == "size")
    assert float(row[place]) == pytest.approx(mixed["size"].corr(mixed["twice"]), abs=1e-3)


def test_of_many_numbers_the_strongest_pairs_are_told(store):
    random = np.random.default_rng(0)
    table = pd.DataFrame(random.normal(size=(150, 20)), columns=[f"c{j}" for j in range(20)])
    table["c7"] = table["c3"] + random.normal(size=150) / 10
    table["y"] = random.normal(size=150)
    numbers = blocks(explore(store(table, "y").folder), Figure, "Cross column statistics")[
        0
    ].numbers
    assert set(numbers.rows[0][:2]) == {"c3", "c7"}
    assert float(numbers.rows[0][3]) == pytest.approx(table["c3"].corr(table["c7"]), abs=1e-3)


def test_missing_cells_are_told_by_column_and_together(on_amounts, mixed):
    by_column, together = blocks(on_amounts, Figure, "Missing values")
    shares = {row[0]: row[1] for row in by_column.numbers.rows}
    assert shares["size"] == str(mixed["size"].isna().sum())
    both = mixed[["size", "colour", "twice"]].isna().all(axis=1).sum()
    told = {frozenset(row[0].split(", ")): row[1] for row in together.numbers.rows}
    assert told[frozenset(("size", "colour", "twice"))] == str(both)


@pytest.mark.parametrize("target", ["number", "class"])
def test_hostile_names_and_cells_do_no_harm(store, target):
    random = np.random.default_rng(0)
    table = pd.DataFrame({f"{name} {i}": random.normal(size=200) for i, name in enumerate(HOSTILE)})
    table["$word$"] = random.choice(HOSTILE, 200)
    goal = "$y$ <b>"
    table[goal] = random.normal(size=200) if target == "number" else random.choice(HOSTILE[:4], 200)
    report = explore(store(table, goal).folder)
    assert "<script>" not in page(report)


@pytest.mark.parametrize("x", [[1.0, 2.0], [1.0, None]])
def test_two_rows_are_enough(store, x):
    table = pd.DataFrame({"x": x, "colour": ["red", "blue"], "y": [1.5, 2.5]})
    draw_all(explore(store(table, "y", ProblemType.REGRESSION).folder))


def test_two_rows_of_each_class_are_enough(store):
    table = pd.DataFrame({"x": [1.0, 2, 3, 4], "y": ["a", "b", "a", "b"]})
    draw_all(explore(store(table, "y").folder))


@pytest.mark.parametrize(
    "cells",
    [
        np.arange(120) * 0.37,
        ["red", "blue", "green"] * 40,
        [f"some text of {i} words here" for i in range(120)],
        pd.date_range("2020-01-01", periods=120).strftime("%Y-%m-%d"),
        ["only", None] * 60,
    ],
    ids=["numbers", "categories", "texts", "dates", "one category"],
)
@pytest.mark.parametrize("labels", [["a", "b"], [1.25, 2.5, 3.75, 0.5]], ids=["classes", "values"])
def test_one_column_is_enough(store, cells, labels):
    table = pd.DataFrame({"x": cells, "y": (labels * 60)[:120]})
    draw_all(explore(store(table, "y").folder))


def test_one_column_is_enough_for_three_classes(store):
    table = pd.DataFrame({"x": np.arange(120) * 0.37, "y": list("abc") * 40})
    draw_all(explore(store(table, "y").folder))


def test_columns_that_are_empty_are_told_but_not_drawn(store):
    random = np.random.default_rng(0)
    table = pd.DataFrame({"empty": [None] * 100, "x": random.normal(size=100)})
    table["y"] = random.normal(size=100)
    report = explore(store(table, "y").folder)
    draw_all(report)
    assert "empty" in first_cells(blocks(report, Table, "Data sample")[0])
    assert len(blocks(report, Figure, "Features against the target")) == 1
    assert any("'empty'" in notice.title for notice in blocks(report, Notice, "Insights"))


def test_wide_tables_have_pictures_of_the_most_telling_columns_and_tables_of_all(store):
    random = np.random.default_rng(0)
    table = pd.DataFrame(random.normal(size=(150, 60)), columns=[f"c{j}" for j in range(60)])
    table.loc[::3, [f"c{j}" for j in range(40)]] = np.nan
    table["y"] = table["c50"] + random.normal(size=150) / 10
    report = explore(store(table, "y").folder)
    figures = blocks(report, Figure, "Features against the target")
    assert len(figures) == picture_room.MOST_PICTURES
    assert figures[0].title.startswith("c50 ")
    for section in ("Data sample", "Cardinality", "Descriptive statistics"):
        assert set(first_cells(blocks(report, Table, section)[0])) == set(table.columns) - {"y"}
    assert len(blocks(report, Table, "Missing values")[0].rows) == 40


def test_numbers_from_a_sample_say_how_many_rows_it_has(store, monkeypatch):
    monkeypatch.setattr("windvane.engine.exploration.stored.MOST_SAMPLED", 200)
    monkeypatch.setattr("windvane.engine.exploration.sections.rows.MOST_SAMPLED", 300)
    random = np.random.default_rng(0)
    table = pd.DataFrame(random.normal(size=(1000, 3)), columns=["a", "b", "y"])
    report = explore(store(table, "y").folder)
    assert "a random sample of 200 of 1,000 rows" in text_of(report, "Cross column statistics")
    assert "a random sample of 300 rows" in text_of(report, "Anomalous rows")
    assert (
        sum(int(row[1]) for row in blocks(report, Figure, "Target analysis")[0].numbers.rows)
        == 1000
    )


def test_short_tables_are_not_said_to_be_sampled(on_amounts):
    assert "random sample" not in text_of(on_amounts, "Cross column statistics")
    assert "random sample" not in text_of(on_amounts, "Anomalous rows")


def test_definitions_are_short_enough_to_be_shown_whole(on_amounts):
    for table in blocks(on_amounts, Table, "Definitions"):
        assert all(len(cell) <= 160 for row in table.rows for cell in row)


def test_the_same_dataset_gives_the_same_report(stored_amounts, on_amounts):
    again = explore(stored_amounts.folder)
    assert page(again) == page(on_amounts)
