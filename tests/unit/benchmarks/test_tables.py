"""The tables of the benchmark: what lies in the repository is what the index says."""

import json
import re

import pytest
from unit.benchmarks.made_up import table, write_tables

from benchmarks.recipes import RECIPES, make, parts_of
from benchmarks.records import CannotMeasure
from benchmarks.tables import DATA, SUITES, every_table, sum_of, tables_named


def test_every_table_has_a_source_a_licence_and_sums():
    known = every_table()
    assert len({one.name for one in known}) == len(known)
    for one in known:
        assert one.suite in SUITES
        assert one.source
        assert one.licence
        assert all(re.fullmatch("[0-9a-f]{64}", one.sha256[part]) for part in ("train", "test"))


def test_what_lies_in_the_repository_are_the_known_files(monkeypatch):
    monkeypatch.delenv("TABLES_DIR", raising=False)
    folders = {path.name for path in DATA.iterdir() if path.is_dir()}
    bundled = folders - {"forecasting"} | {"bank_marketing"}
    for one in tables_named(sorted(bundled)):
        for part in ("train", "test"):
            assert sum_of(one.file(part)) == one.sha256[part]


def test_every_table_is_bundled_or_made_or_says_where_it_is_from(monkeypatch):
    monkeypatch.delenv("TABLES_DIR", raising=False)
    left = {one.name for one in every_table() if one.folder is None and one.name not in RECIPES}
    assert left == {"ames_housing", "comics_align"}, "their licences let nobody hand them on alike"


def test_a_folder_of_ones_own_comes_first(tmp_path, monkeypatch):
    [mine] = write_tables(tmp_path, "adult")
    monkeypatch.setenv("TABLES_DIR", str(tmp_path))
    assert mine.folder == tmp_path / "adult"
    assert list(mine.rows("train")["y"]) == ["train"]
    [known] = tables_named(["adult"])
    with pytest.raises(CannotMeasure, match="is not the file that others were measured on"):
        known.file("train")


def test_what_is_nowhere_says_how_to_have_it():
    with pytest.raises(CannotMeasure, match="recipes nowhere` makes it"):
        table("nowhere").file("train")


@pytest.mark.parametrize("name", ["digits", "breast_cancer"])
def test_a_recipe_makes_the_known_files(name, tmp_path):
    [known] = tables_named([name])
    make(known, tmp_path)
    assert sum_of(tmp_path / name / "test.csv.gz") == known.sha256["test"]


def test_what_a_recipe_makes_must_be_the_known_table(tmp_path):
    [known] = tables_named(["digits"])
    with pytest.raises(CannotMeasure, match="another train part than the known one"):
        make(table("digits", dict.fromkeys(("train", "test"), "0"), target="target"), tmp_path)
    assert known.sha256["train"] != "0"


def test_a_table_without_a_recipe_says_where_it_is_from():
    with pytest.raises(CannotMeasure, match="There is no recipe for t: "):
        parts_of(table("t"))


def test_the_index_is_json_as_it_is_written():
    text = (DATA / "index.json").read_text()
    assert text == json.dumps(json.loads(text), indent=1, ensure_ascii=False) + "\n"
