from __future__ import annotations

import gzip
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from windvane.domain.problem import ProblemSpec
from windvane.engine.data.analyse import analyse
from windvane.engine.data.analysis import ReadOptions, SourceFile
from windvane.engine.data.csvfiles import MOST_COLUMNS_OF_DUCKDB
from windvane.engine.data.dataset import read_dataset
from windvane.errors import DataFault
from windvane.testing.tables import HEADER, Workshop, lines

GOOD = HEADER + lines(600)


@pytest.mark.parametrize(
    "content",
    [
        GOOD,
        GOOD.replace(",", ";"),
        GOOD.replace(",", "\t"),
        GOOD.replace(",", "|"),
        GOOD.replace("\n", "\r\n"),
        GOOD.replace("\n", "\r"),
        GOOD.replace("\n", "\r\n", 200),
        GOOD.rstrip("\n"),
        GOOD.replace("\n", "\n\n", 50),
        "\ufeff" + GOOD,
        '\ufeff"amount","colour","y"\n' + lines(600),
        "\n".join(",".join(f'"{cell}"' for cell in row.split(",")) for row in GOOD.splitlines()),
    ],
    ids=[
        "plain",
        "semicolons",
        "tabs",
        "pipes",
        "crlf",
        "cr",
        "two kinds of line ends",
        "no last line end",
        "blank lines",
        "byte order mark",
        "byte order mark and quotes",
        "all quoted",
    ],
)
def test_the_same_table_however_it_is_written(workshop: Workshop, content: str) -> None:
    analysis = workshop.analyse(content)
    assert [column.name for column in analysis.columns] == ["amount", "colour"]
    assert [column.type.value for column in analysis.columns] == ["numeric", "categorical"]
    assert analysis.n_rows == analysis.n_rows_read == 600
    dataset = workshop.dataset()
    assert dataset.columns["amount"][0] == 0.637
    assert list(dataset.y[:4]) == [0, 1, 0, 1]


def test_wide_files_are_read_as_narrow_ones_are(workshop: Workshop) -> None:
    width = MOST_COLUMNS_OF_DUCKDB
    row = '"a, ""b""\nc",,"", ' + ",5" * (width - 4)
    rows = "".join(f"{i % 3},{row},{i % 2}\r\n" for i in range(500))
    header = ",".join(f"c{i}" for i in range(width + 1))
    analysis = workshop.analyse(f"\ufeff{header},y\r\n{rows}")
    assert analysis.n_rows == 500
    assert [column.name for column in analysis.features] == ["c0"]
    assert analysis.statistics["c1"]["top"] == [['a, "b"\nc', 500]]
    assert analysis.statistics["c3"]["missing"] == 500


def test_a_ragged_row_of_a_wide_file_is_told_by_its_line(workshop: Workshop) -> None:
    width = MOST_COLUMNS_OF_DUCKDB + 1
    rows = [",".join(["1"] * width)] * 20
    header = ",".join(["y", *(f"c{i}" for i in range(1, width))])
    with pytest.raises(DataFault, match=r"line 12: the row has 1002 fields instead of 1001"):
        workshop.analyse("\n".join([header, *rows[:10], rows[0] + ",1", *rows]))


def test_quoted_line_ends_delimiters_and_quotes_stay_in_the_cell(workshop: Workshop) -> None:
    rows = "".join(f'{i % 7},"a, ""b""\nc{i % 3}",{i % 2}\n' for i in range(600))
    workshop.analyse(HEADER + rows)
    assert workshop.dataset().columns["colour"][0] == 'a, "b"\nc0'


def test_backslash_escapes_are_detected(workshop: Workshop) -> None:
    rows = "".join(f'{i % 7},"a \\"b\\", c{i % 3}",{i % 2}\n' for i in range(600))
    workshop.analyse(HEADER + rows)
    assert workshop.dataset().columns["colour"][0] == 'a "b", c0'


def test_a_column_without_a_name_gets_one(workshop: Workshop) -> None:
    rows = "".join(f"{i},{i % 5},{i % 2}\n" for i in range(600))
    analysis = workshop.analyse(",x,y\n" + rows)
    assert [column.name for column in analysis.columns] == ["column_1", "x"]


def test_later_files_with_and_without_header(workshop: Workshop) -> None:
    analysis = workshop.analyse(GOOD, lines(50), HEADER + lines(70), "")
    assert analysis.n_rows == 720


def test_gzip_of_several_members(workshop: Workshop) -> None:
    packed = gzip.compress(GOOD[:999].encode()) + gzip.compress(GOOD[999:].encode()) + bytes(64)
    assert workshop.analyse(packed, compression="Gzip").n_rows == 600


BAD: list[tuple[str, list[str | bytes], dict[str, object], str]] = [
    ("empty file", [""], {}, r"part-0\.csv is empty"),
    ("only empty files", ["", ""], {}, r"All 2 files are empty"),
    ("header only", [HEADER], {}, r"part-0\.csv has a header but no rows"),
    ("headers only", [HEADER, HEADER], {}, r"The 2 files have headers but no rows"),
    (
        "short row",
        [HEADER + lines(300) + "1,2\n" + lines(300)],
        {},
        r"part-0\.csv, line 302: the row has 2 fields instead of 3",
    ),
    (
        "long row after a quoted line end",
        [HEADER + lines(300) + '1,"a\nb",no\n1,2,3,4\n' + lines(300)],
        {},
        r"part-0\.csv, line 304: the row has 4 fields instead of 3",
    ),
    (
        "short row in the second file",
        [GOOD, lines(20) + "1\n"],
        {},
        r"part-1\.csv, line 21: the row has 1 fields",
    ),
    ("zero byte", [GOOD.encode() + b"\0"], {}, r"part-0\.csv looks like a binary file.* byte \d+"),
    (
        "gzip not declared",
        [gzip.compress(GOOD.encode())],
        {},
        r"contains Gzip data\. Set CompressionType to Gzip",
    ),
    (
        "text declared gzip",
        [GOOD],
        {"compression": "Gzip"},
        r"cannot be read as Gzip.*set CompressionType to None",
    ),
    (
        "truncated gzip",
        [gzip.compress(GOOD.encode())[:-9]],
        {"compression": "Gzip"},
        r"truncated Gzip file",
    ),
    (
        "damaged gzip",
        [gzip.compress(GOOD.encode())[:-8] + b"12345678"],
        {"compression": "Gzip"},
        r"cannot be read as Gzip.*incorrect data check",
    ),
    ("excel", [b"PK\x03\x04" + bytes(50)], {}, r"contains a ZIP archive \(or an Excel workbook\)"),
    (
        "old excel",
        [bytes.fromhex("d0cf11e0a1b11ae1") + bytes(50)],
        {},
        r"old Excel workbook.*save the sheet as CSV UTF-8",
    ),
    ("picture", [b"\x89PNG\r\n\x1a\n" + bytes(50)], {}, r"contains a picture \(PNG\)"),
    ("utf-16", [GOOD.encode("utf-16")], {}, r"contains UTF-16 text"),
    ("parquet as csv", [b"PAR1" + bytes(50)], {}, r"contains a Parquet file.*ContentType"),
    (
        "too many columns",
        [",".join(f"c{i}" for i in range(10_001)) + "\n"],
        {},
        r"has 10,001 columns; at most 10,000",
    ),
    ("column twice", ["a,b,a,y\n1,2,3,4\n"], {}, r"several columns of the same name: 'a'"),
    (
        "no target",
        ["a,b,Y \n1,2,3\n"],
        {},
        r"target column 'y' is not in the data\. Did you mean 'Y'\? The columns are: 'a', 'b', 'Y'",
    ),
    ("endless line", [GOOD + "1," + "a" * 1_100_000], {}, r"a line longer than 1,000,000 bytes"),
    (
        "endless quoted cell",
        [GOOD + '1,"' + "a\n" * 600_000 + '",no\n'],
        {},
        r"a row longer than 1,000,000 bytes",
    ),
    (
        "another header",
        [GOOD, "amount,color,y\n" + lines(9)],
        {},
        r"part-1\.csv does not fit .* column 2 is called 'color' instead of 'colour'",
    ),
    (
        "another width",
        [GOOD, "1,2\n3,4\n"],
        {},
        r"part-1\.csv .* first row has 2 fields, the first file has 3 columns",
    ),
    ("too much", [GOOD], {"max_bytes": 999}, r"more than 999 bytes"),
    ("nothing but a target", ["y\n" + "1\n0\n" * 300], {}, r"only the target column"),
    ("no usable column", ["a,y\n" + "1,1\n1,0\n" * 300], {}, r"no column to train on: 'a'"),
]


@pytest.mark.parametrize(
    ("contents", "options", "message"), [case[1:] for case in BAD], ids=[case[0] for case in BAD]
)
def test_bad_files_are_refused_by_name_and_place(
    workshop: Workshop, contents: list[str | bytes], options: dict[str, object], message: str
) -> None:
    with pytest.raises(DataFault, match=message) as refusal:
        workshop.analyse(*contents, **options)
    assert len(str(refusal.value)) <= 1024
    assert workshop.left_over() == []


def test_what_is_not_utf8_is_told_by_its_byte(workshop: Workshop) -> None:
    text = (HEADER + "1,caf").encode()
    with pytest.raises(DataFault, match=rf"not UTF-8 text: byte {len(text)} is 0xe9"):
        workshop.analyse(text + b"\xe9,no\n")


def test_no_files_are_refused(workshop: Workshop) -> None:
    with pytest.raises(DataFault, match="no files"):
        workshop.analyse()


@pytest.mark.parametrize("n_megabytes", [3000])
def test_a_gzip_bomb_is_refused_early(workshop: Workshop, n_megabytes: int) -> None:
    with pytest.raises(DataFault, match="decompression bomb"):
        workshop.analyse(bomb(n_megabytes), compression="Gzip")
    assert workshop.left_over() == []


def bomb(n_megabytes: int) -> bytes:
    """Gzip members of the same row over and over, each of 60 MB."""
    packer = zlib.compressobj(9, wbits=31)
    member = packer.compress(HEADER.encode() + b"1,a,0\n" * 10_000_000) + packer.flush()
    return member * (n_megabytes // 60)


def test_parquet_reads_as_the_same_table_would_from_csv(workshop: Workshop) -> None:
    table = pa.table(
        {
            "amount": [i / 7 for i in range(600)],
            "colour": ["red", None, ""] * 200,
            "sold": [True, False] * 300,
            'the "day"': pa.array([1_600_000_000 + i for i in range(600)], pa.timestamp("s")),
            "y": [0, 1] * 300,
        }
    )
    analysis = workshop.analyse(parquet(table, workshop), format="parquet")
    types = [column.type.value for column in analysis.columns]
    assert types == ["numeric", "categorical", "categorical", "datetime"]
    dataset = workshop.dataset()
    assert dataset.columns["amount"][1] == 1 / 7
    assert dataset.columns['the "day"'][1] == 1_600_000_001
    assert analysis.statistics["colour"]["missing"] == 400


def parquet(table: pa.Table, workshop: Workshop) -> bytes:
    path = workshop.folder / "part-made.parquet"
    pq.write_table(table, path)
    return path.read_bytes()


def test_nested_parquet_columns_are_refused_by_name(workshop: Workshop) -> None:
    table = pa.table({"tags": [["a"], ["b"]], "y": [0, 1]})
    with pytest.raises(DataFault, match=r"column 'tags' is of type list"):
        workshop.analyse(parquet(table, workshop), format="parquet")


def test_parquet_files_of_different_columns_are_refused(workshop: Workshop) -> None:
    first = parquet(pa.table({"a": [1], "y": [0]}), workshop)
    second = parquet(pa.table({"b": [1], "y": [0]}), workshop)
    with pytest.raises(DataFault, match=r"part-1\.csv does not fit .* lacks column 'a'"):
        workshop.analyse(first, second, format="parquet")


def test_csv_declared_parquet_is_refused(workshop: Workshop) -> None:
    with pytest.raises(DataFault, match=r"cannot be read as Parquet.*text/csv"):
        workshop.analyse(GOOD, format="parquet")


def write_arrow(table: pa.Table, path: Path) -> None:
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=7_000)


WRITERS = {"csv": pyarrow.csv.write_csv, "parquet": pq.write_table, "arrow": write_arrow}


@pytest.mark.parametrize("form", WRITERS)
def test_a_table_that_goes_through_disk_is_the_same(tmp_path: Path, form: str) -> None:
    random = np.random.default_rng(0)
    table = pa.table(
        {
            **{f"x{i}": random.normal(size=60_000) for i in range(10)},
            "colour": np.array(["red", "blue"])[random.integers(0, 2, 60_000)],
            "y": random.integers(0, 2, 60_000),
        }
    )
    source = tmp_path / "table"
    WRITERS[form](table, source)
    found = []
    for memory_mb in (2048, 20):
        into = tmp_path / f"dataset-{memory_mb}"
        options = ReadOptions(scratch=tmp_path, format=form, memory_mb=memory_mb)
        analyse([SourceFile(source, "input")], options, ProblemSpec("y"), into)
        found.append(read_dataset(into))
    whole, through_disk = found
    assert through_disk.analysis == whole.analysis
    assert whole.analysis.n_rows == 60_000
    for name, values in whole.columns.items():
        np.testing.assert_array_equal(values, through_disk.columns[name])
    np.testing.assert_array_equal(whole.y, through_disk.y)
    np.testing.assert_array_equal(whole.folds, through_disk.folds)
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"table", "dataset-2048", "dataset-20"}


def test_a_table_whose_analysis_does_not_fit_into_memory_is_sampled(workshop: Workshop) -> None:
    content = HEADER + lines(60_000, lambda i: "rare" if i % 1000 == 0 else "common")
    analysis = workshop.analyse(content, memory_mb=4)
    assert analysis.n_rows_read == 60_000
    assert 5000 < analysis.n_rows < 50_000
    assert analysis.class_counts[analysis.labels.index("rare")] == 60
    finding = next(f for f in analysis.findings if f.code == "sampled-data")
    assert f"{analysis.n_rows:,} of 60,000 rows" in finding.message


MEASURED = """
import sys
from pathlib import Path
from windvane.domain.problem import ProblemSpec
from windvane.engine.data.analyse import analyse
from windvane.engine.data.analysis import ReadOptions, SourceFile
from windvane.engine.data.csvfiles import MOST_COLUMNS_OF_DUCKDB
from windvane.errors import DataFault
def peak_mb(): return int(next(l for l in open("/proc/self/status") if l.startswith("VmHWM")).split()[1]) // 1024
before = peak_mb()
folder = Path(sys.argv[1])
options = ReadOptions(scratch=folder, memory_mb=int(sys.argv[3]), compression=sys.argv[4])
try:
    found = analyse([SourceFile(folder / sys.argv[2], "input")], options, ProblemSpec("y"), folder / "ds")
    print("rows", found.n_rows_read)
except DataFault as fault:
    print(fault)
peak = peak_mb()
print("PEAK", peak, peak - before)
"""


def measured(folder: Path, name: str, memory_mb: int, compression: str) -> tuple[str, int, int]:
    """What a fresh process prints, its peak memory, and how much of it the analysis took, in MB."""
    arguments = [str(folder), name, str(memory_mb), compression]
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, *arguments], check=True, capture_output=True, text=True
    )
    told, _, figures = done.stdout.rpartition("PEAK")
    peak, grown = figures.split()
    return told, int(peak), int(grown)


@pytest.mark.long
def test_memory_stays_flat_whatever_the_size_of_the_file(tmp_path: Path) -> None:
    block = lines(40_000) * 5
    with (tmp_path / "big.csv").open("w") as file:
        file.write(HEADER)
        for _ in range(60):
            file.write(block)
    assert (tmp_path / "big.csv").stat().st_size > 180e6
    told, _, grown = measured(tmp_path, "big.csv", 256, "None")
    assert "rows 12000000" in told
    assert grown < 512


@pytest.mark.long
def test_a_gzip_bomb_takes_less_than_200_mb(tmp_path: Path) -> None:
    (tmp_path / "bomb.csv.gz").write_bytes(bomb(6000))
    told, peak, _ = measured(tmp_path, "bomb.csv.gz", 2048, "Gzip")
    assert "decompression bomb" in told
    assert peak < 200


def test_rows_without_a_header_are_all_rows_and_columns_are_numbered(workshop: Workshop) -> None:
    rows = lines(600).splitlines(keepends=True)
    first, second = "".join(rows[:400]), "".join(rows[400:])
    problem = ProblemSpec("column_3")
    analysis = workshop.analyse(first, second, problem=problem, has_header=False)
    assert [column.name for column in analysis.columns] == ["column_1", "column_2"]
    assert analysis.n_rows == 600
    assert workshop.dataset().columns["column_1"][0] == 0.637


def test_a_header_where_none_should_be_is_told(workshop: Workshop) -> None:
    problem = ProblemSpec("column_3")
    with pytest.raises(DataFault, match=r"first row \('amount', 'colour', 'y'\) has text above"):
        workshop.analyse(GOOD, problem=problem, has_header=False)


def test_texts_alone_may_be_rows(workshop: Workshop) -> None:
    rows = "red,a\nblue,b\n" * 300
    analysis = workshop.analyse(rows, problem=ProblemSpec("column_2"), has_header=False)
    assert analysis.n_rows == 600
