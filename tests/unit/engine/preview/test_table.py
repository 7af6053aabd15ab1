"""What a preview tells of a table, without the process that it runs in."""

from __future__ import annotations

import gzip
import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from windvane.domain.problem import METRICS_OF, ProblemType
from windvane.engine.preview.records import PreviewRequest, SeenColumn, SeenTable, SeenTarget
from windvane.engine.preview.table import preview
from windvane.errors import DataFault

HOSTILE = '"><script>alert(1)</script>'


@dataclass
class Held:
    """A source in memory that remembers how much was asked for."""

    data: bytes
    name: str = "s3://b/rows.csv"
    n_asked: int = field(default=0)

    @property
    def size(self) -> int:
        return len(self.data)

    def read(self, start: int, length: int) -> bytes:
        self.n_asked += length
        return self.data[start : start + length]


def rows_of(n_rows: int = 600, delimiter: str = ",") -> bytes:
    """A table whose target y depends on x; `key` names the rows, `same` says nothing, `late` is the target."""
    x = np.random.default_rng(0).normal(size=n_rows).round(3)
    lines = [delimiter.join(("key", "x", "when", "same", "late", "y"))]
    for i in range(n_rows):
        y = "yes" if x[i] > 0.8 else "no"
        cells = (f"id-{i:06d}", str(x[i]), f"2024-01-{i % 28 + 1:02d}", "k", f"was-{y}", y)
        lines.append(delimiter.join(cells))
    return "\n".join([*lines, ""]).encode()


TABLE = rows_of()


def seen(data: bytes, scratch: Path, **asked: Any) -> SeenTable:
    held = Held(data)
    return preview(held, PreviewRequest(held.name, held.size, **asked), scratch)


def column(table: SeenTable, name: str) -> SeenColumn:
    return next(column for column in table.columns if column.name == name)


def target(table: SeenTable) -> SeenTarget:
    assert table.target is not None
    return table.target


def types(table: SeenTable) -> dict[str, str]:
    return {column.name: column.type for column in table.columns}


def test_every_column_has_a_type_and_a_reason(tmp_path: Path) -> None:
    table = seen(TABLE, tmp_path)
    assert types(table) == {
        "key": "identifier",
        "x": "numeric",
        "when": "datetime",
        "same": "constant",
        "late": "categorical",
        "y": "categorical",
    }
    assert "dates" in column(table, "when").reason
    assert column(table, "y").examples == ("no", "yes")
    assert not column(table, "key").is_feature
    assert table.target is None
    assert len(table.rows) == 20
    assert table.rows[0][0] == "id-000000"


def test_a_target_implies_a_problem_and_has_a_distribution(tmp_path: Path) -> None:
    told = target(seen(TABLE, tmp_path, target="y"))
    assert told.problem_type == "BinaryClassification"
    assert "'no' and 'yes'" in told.reason
    assert told.objectives == METRICS_OF[ProblemType.BINARY]
    assert [bar.label for bar in told.bars] == ["no", "yes"]
    assert sum(bar.count for bar in told.bars) == told.n_valid == 600


def test_a_target_of_numbers_has_a_histogram(tmp_path: Path) -> None:
    told = target(seen(TABLE, tmp_path, target="x"))
    assert (told.problem_type, told.objectives[0]) == ("Regression", "MSE")
    assert sum(bar.count for bar in told.bars) == 600
    assert all(a.high == b.low for a, b in zip(told.bars, told.bars[1:], strict=False))


def test_a_histogram_bears_the_largest_numbers(tmp_path: Path) -> None:
    data = "a,y\n" + "".join(
        f"{i * i % 97},{(-1) ** i * (1 + i / 600) * 4e307}\n" for i in range(600)
    )
    told = target(seen(data.encode(), tmp_path, target="y", problem_type="Regression"))
    assert sum(bar.count for bar in told.bars) == 600
    assert told.bars[0].low == pytest.approx(-8e307, rel=0.01)


def test_findings_are_made_before_a_job(tmp_path: Path) -> None:
    findings = seen(TABLE, tmp_path, target="y").findings
    assert {"identifier-column", "constant-column"} <= {one["code"] for one in findings}
    leak = next(one for one in findings if "late" in one["columns"])
    assert leak["severity"] == "high"
    assert leak["consequence"]


def test_types_and_features_are_as_a_specification_would_have_them(tmp_path: Path) -> None:
    asked = {"types": {"x": "categorical", "when": "text"}, "features": ("x", "when")}
    told = types(seen(TABLE, tmp_path, target="y", **asked))
    assert (told["x"], told["when"]) == ("categorical", "text")
    assert told["late"] == told["key"] == "unused"
    assert told["y"] == "categorical"
    assert types(seen(TABLE, tmp_path, **asked))["same"] == "unused"


def test_numbers_that_may_be_codes_are_asked_about(tmp_path: Path) -> None:
    """Not the target, what the user has given a type, two values, many values, or values that are too rare to say."""
    rows = [
        f"{i % 4 + 1},{i % 4 + 1},{i % 2},{i % 40},{i % 3}.5,{'yes' if i % 7 else 'no'}"
        for i in range(600)
    ]
    data = "\n".join(["education,given,flag,age,size,y", *rows, ""]).encode()
    told = seen(data, tmp_path, target="y", types={"given": "numeric"})
    assert [one.name for one in told.columns if one.may_be] == ["education"]
    assert column(told, "education").may_be == "categorical"
    assert column(told, "education").type == "numeric"
    few = "\n".join(["education,y", *(f"{i % 4},{i % 2}" for i in range(36)), ""]).encode()
    assert not column(seen(few, tmp_path, target="y"), "education").may_be
    assert not column(seen(data, tmp_path, target="education"), "education").may_be


def test_a_type_that_no_cell_has_is_told_at_its_column(tmp_path: Path) -> None:
    table = seen(TABLE, tmp_path, target="y", types={"late": "numeric"})
    assert column(table, "late").type == "categorical"
    assert "none of its non-missing values can be read as numbers" in column(table, "late").fault
    assert target(table).problem_type == "BinaryClassification"


def test_a_target_that_cannot_be_learned_says_why_and_shows_its_values(tmp_path: Path) -> None:
    told = target(seen(TABLE, tmp_path, target="key"))
    assert "The problem type cannot be inferred" in told.fault
    assert (told.problem_type, told.objectives) == ("", ())
    assert told.bars


def test_a_problem_type_that_is_asked_for_holds(tmp_path: Path) -> None:
    asked = target(seen(TABLE, tmp_path, target="y", problem_type="MulticlassClassification"))
    assert asked.objectives[0] == "Accuracy"
    wrong = target(seen(TABLE, tmp_path, target="y", problem_type="Regression"))
    assert "contains no numbers" in wrong.fault


def test_too_few_rows_for_a_job_are_told(tmp_path: Path) -> None:
    first = seen(rows_of(60), tmp_path, target="y").findings[0]
    assert (first["code"], first["severity"]) == ("too-few-rows", "high")
    assert "500" in first["action"]
    assert "At least 500 are needed" in target(seen(rows_of(5), tmp_path, target="x")).fault


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_a_delimiter_is_found_out(tmp_path: Path, delimiter: str) -> None:
    table = seen(rows_of(30, delimiter), tmp_path)
    assert table.delimiter == delimiter
    assert len(table.columns) == 6


def test_a_byte_order_mark_and_gzip_are_found_out(tmp_path: Path) -> None:
    packed = gzip.compress(b"\xef\xbb\xbf" + TABLE)
    table = seen(packed, tmp_path)
    assert (table.compression, table.encoding) == ("Gzip", "utf-8-sig")
    assert table.columns[0].name == "key"
    assert not table.is_sampled
    assert table.n_bytes_read == len(packed)


def test_parquet_is_read_as_a_job_reads_it(tmp_path: Path) -> None:
    written = io.BytesIO()
    pq.write_table(pa.table({"a": [1.5, None, 2.5] * 200, "y": ["p", "q", "p"] * 200}), written)
    table = seen(written.getvalue(), tmp_path, target="y")
    assert (table.format, table.encoding, table.delimiter) == ("parquet", "", "")
    assert (table.n_rows_total, table.is_sampled, table.is_estimated) == (600, False, False)
    assert column(table, "a").n_missing == 200
    assert table.rows[1] == ("", "q")


def test_of_a_large_parquet_file_little_is_read(tmp_path: Path) -> None:
    rng, written = np.random.default_rng(0), io.BytesIO()
    made = pa.table({f"c{i}": rng.normal(size=400_000) for i in range(4)})
    pq.write_table(made, written, row_group_size=400_000, use_dictionary=False)
    held = Held(written.getvalue())
    table = preview(held, PreviewRequest(held.name, held.size), tmp_path)
    assert (table.n_rows, table.n_rows_total, table.is_sampled) == (50_000, 400_000, True)
    assert not table.is_estimated
    assert held.n_asked < 0.6 * held.size


def test_of_a_large_file_only_the_beginning_is_read(tmp_path: Path) -> None:
    row, n_rows = b'"a, quoted\nfield",7,left over\n', 700_000
    held = Held(b"text,n,more\n" + row * n_rows)
    table = preview(held, PreviewRequest(held.name, held.size), tmp_path)
    assert table.is_sampled
    assert table.is_estimated
    assert table.n_rows_total == pytest.approx(n_rows, rel=0.01)
    assert held.n_asked < 9_000_000
    assert table.rows[-1] == ("a, quoted\nfield", "7", "left over")


@pytest.mark.parametrize("n_letters", range(4))
def test_a_large_file_may_be_cut_within_a_letter(tmp_path: Path, n_letters: int) -> None:
    row = "zwölf€😀,1\n".encode()
    table = seen(b"a" * n_letters + b",n\n" + row * 600_000, tmp_path)
    assert table.is_sampled
    assert table.rows[0] == ("zwölf€😀", "1")


def test_a_large_gzip_file_is_inflated_no_further_than_needed(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    lines = b"".join(b"%d,%d\n" % tuple(pair) for pair in rng.integers(0, 10**9, (900_000, 2)))
    held = Held(gzip.compress(b"a,b\n" + lines, 1))
    table = preview(held, PreviewRequest(held.name, held.size), tmp_path)
    assert table.n_rows_total == pytest.approx(900_000, rel=0.05)
    assert held.n_asked < 0.7 * held.size


def test_rare_classes_of_a_sample_do_not_hide_its_target(tmp_path: Path) -> None:
    labels = [b"once" if i == 7 else b"ab"[i % 2 :][:1] for i in range(60_000)]
    lines = b"".join(b"%d,%s\n" % (i * i % 97, label) for i, label in enumerate(labels))
    table = seen(b"x,y\n" + lines, tmp_path, target="y")
    assert table.is_sampled
    assert target(table).fault == ""
    assert target(table).problem_type == "BinaryClassification"


def test_a_file_that_lacks_a_header_is_told_apart(tmp_path: Path) -> None:
    assert seen(b"".join(b"%d,%d,a\n" % (i, i + 50) for i in range(40)), tmp_path).looks_headless
    assert not seen(TABLE, tmp_path).looks_headless
    assert not seen(b"2023,2024,place\nhigh,low,a\nlow,low,b\n", tmp_path).looks_headless


def test_hostile_names_and_cells_come_back_as_they_are(tmp_path: Path) -> None:
    name = HOSTILE.replace('"', '""')
    cells = "".join(f'"{HOSTILE[2:]}{i % 3}",{i % 2}\n' for i in range(600))
    table = seen(f'"{name}",y\n{cells}'.encode(), tmp_path, target="y", types={HOSTILE: "text"})
    assert table.columns[0].name == HOSTILE
    assert table.rows[0][0] == f"{HOSTILE[2:]}0"


def test_long_cells_are_cut_and_rows_are_as_many_as_asked_for(tmp_path: Path) -> None:
    table = seen(b"a,b\n" + b"x" * 5000 + b",1\n" + b"y,2\n" * 30, tmp_path, n_shown=3)
    assert len(table.rows) == 3
    assert table.rows[0][0] == "x" * 119 + "…"


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "is empty"),
        (b"a,b\n", "has a header but no rows"),
        (b"a,b\n1,2\n1,2,3\n", "line 3: the row has 3 fields instead of 2"),
        (b"a,b\n1,\xff\n", "is not UTF-8 text: byte 6"),
        (b"a,b\n1,\0\n", "zero byte at byte 6"),
        (b"a,a\n1,2\n", "several columns of the same name: 'a'"),
        (b"PK\x03\x04rest", "contains a ZIP archive"),
        (b"PAR1 and no more", "cannot be read as Parquet"),
        (gzip.compress(TABLE)[:200] + b"\0" * 900, "cannot be read as Gzip"),
        (b"x" * 9_000_000, "first row has no end"),
    ],
)
def test_what_is_no_table_is_refused_in_the_words_of_a_job(
    tmp_path: Path, data: bytes, told: str
) -> None:
    with pytest.raises(DataFault, match=told):
        seen(data, tmp_path)


def test_a_target_or_a_typed_column_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataFault, match="Did you mean 'late'"):
        seen(TABLE, tmp_path, target="lat")
    with pytest.raises(DataFault, match="feature column 'z' is not in the data"):
        seen(TABLE, tmp_path, types={"z": "text"})
    with pytest.raises(DataFault, match="feature column 'z' is not in the data"):
        seen(TABLE, tmp_path, features=("x", "z"))


def test_a_column_of_times_orders_the_rows_and_is_no_feature(tmp_path: Path) -> None:
    table = seen(TABLE, tmp_path, target="y", time_column="when")
    assert types(table)["when"] == "unused"
    assert not {one["code"] for one in table.findings} & {"time-order", "row-order"}


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"group_column": "key"}, "has a different value in each of the 600 usable rows"),
        ({"time_column": "late"}, "of the time column 'late' cannot be read as times"),
        ({"time_column": "when", "group_column": "x"}, "give one of them"),
        ({"group_column": "y"}, "group_column is 'y', which is the target"),
    ],
)
def test_a_column_that_cannot_split_the_rows_is_a_fault_of_the_job(
    asked: dict[str, str], told: str, tmp_path: Path
) -> None:
    assert told in target(seen(TABLE, tmp_path, target="y", **asked)).fault


def test_a_column_of_groups_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(DataFault, match="group column 'who'"):
        seen(TABLE, tmp_path, group_column="who")
