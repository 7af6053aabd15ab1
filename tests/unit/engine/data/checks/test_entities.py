"""Rows that belong together, told by what is always the same for each entity."""

import numpy as np
import pytest

from windvane.domain.problem import ProblemSpec
from windvane.engine.data.analysis import Finding

N_ROWS = 800


def table(who, *, is_of_entity=True, name="who", sizes=2):
    random = np.random.default_rng(0)
    attributes = random.random((sizes, N_ROWS)).round(4)
    of_row = who if is_of_entity else np.arange(N_ROWS)
    heads = [name, *(f"size{k}" for k in range(sizes)), "load", "y"]
    load, y = random.normal(size=N_ROWS).round(4), random.choice(["no", "yes"], N_ROWS)
    rows = (
        [f"{'p' if name == 'who' else ''}{who[i]}", *attributes[:, of_row[i]], load[i], y[i]]
        for i in range(N_ROWS)
    )
    return "\n".join([",".join(heads), *(",".join(map(str, row)) for row in rows)]) + "\n"


@pytest.fixture
def told(workshop):
    def find(text: str, **problem) -> list[Finding]:
        found = workshop.analyse(text, problem=ProblemSpec("y", **problem)).findings
        return [one for one in found if one.code == "repeated-entities"]

    return find


MANY = np.random.default_rng(1).integers(0, 130, N_ROWS)


def test_a_name_that_fixes_freely_varying_numbers_is_an_entity(told):
    [finding] = told(table(MANY))
    assert finding.columns == ("who",)
    assert finding.severity == "medium"
    assert "'size0', 'size1' have the same value in all rows of each" in finding.message
    assert "group_column='who'" in finding.action
    assert "WindvaneGroupColumn" in finding.action


def test_one_such_number_may_be_chance_of_meaning(told):
    [finding] = told(table(MANY, sizes=1))
    assert finding.severity == "low"
    assert "'size0' has the same value" in finding.message


def test_a_number_is_an_entity_if_its_name_says_so(told):
    assert told(table(MANY, name="customer_id"))[0].columns == ("customer_id",)


def test_an_amount_is_no_entity(told):
    assert not told(table(MANY, name="amount"))


def test_categories_that_fix_nothing_are_no_entities(told):
    assert not told(table(MANY, is_of_entity=False))


def test_few_values_are_kinds_not_entities(told):
    assert not told(table(MANY % 12))


def test_a_job_that_keeps_groups_together_needs_no_offer(told):
    assert not told(table(MANY), group_column="who")
