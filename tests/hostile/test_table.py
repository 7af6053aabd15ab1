"""Malformed and hostile requests: each gets the documented code and text, and leaves nothing behind."""

from __future__ import annotations

import pytest
from hostile import signatures
from hostile.case import Case
from hostile.house import House, Told, read_refusal

TABLES = (signatures,)
CASES = [
    pytest.param(case, id=f"{table.__name__.rpartition('.')[2]}: {case.name}")
    for table in TABLES
    for case in table.CASES
]


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    built = House(tmp_path_factory.mktemp("house"))
    yield built
    built.close()


@pytest.fixture(scope="module")
def contents(house) -> str:
    return house.contents()


@pytest.mark.parametrize("case", CASES)
def test_a_hostile_request_gets_the_documented_code_and_text(house, contents, case: Case):
    answered = house.send(case.ask.made())
    assert read_refusal(answered, case.ask) == Told(case.status, case.code, case.text)
    assert house.contents() == contents
