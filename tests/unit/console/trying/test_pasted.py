"""Rows that were pasted, as the model takes them; and what goes out as CSV."""

import csv
import io

import pytest

from windvane.console.trying import pasted
from windvane.console.trying.downloads import SafeRows, csv_download, csv_text, safe_cell
from windvane.console.trying.pasted import read_pasted
from windvane.errors import InvalidRequest

COLUMNS = ("age", "job", "a, b")


def read(text):
    return read_pasted(text, COLUMNS, "y")


def test_rows_without_a_header_are_taken_as_they_are():
    found = read('38,clerk,x\r\n41,"so ""quoted""",y\r\n\r\n')
    assert found.rows == [["38", "clerk", "x"], ["41", 'so "quoted"', "y"]]
    assert found.remarks == ()


def test_with_a_header_the_order_does_not_matter_and_the_target_is_kept_apart():
    found = read('y,job,"a, b",age\nno,clerk,x,38\n')
    assert found.rows == [["38", "clerk", "x"]]
    assert (found.labels, found.remarks) == (["no"], ())


def test_columns_that_the_model_does_not_take_are_told_of():
    found = read('id,job,"a, b",age\n7,clerk,x,38\n')
    assert found.remarks == ("Ignored, because not an input of the model: id.",)
    assert list(found.labels) == []


def test_columns_that_the_header_does_not_name_are_empty_and_told_of():
    found = read("age,job\n38,clerk\n")
    assert found.rows == [["38", "clerk", ""]]
    assert found.remarks == ("Treated as missing, because not in the header: a, b.",)


@pytest.mark.parametrize(("mark", "name"), [(";", "semicolons"), ("\t", "tabs")])
def test_other_separators_are_seen_and_told_of(mark, name):
    found = read(f"38{mark}clerk{mark}1,5\n")
    assert found.rows == [["38", "clerk", "1,5"]]
    assert found.remarks == (f"Values were read as separated by {name}.",)


def test_rows_of_a_wrong_length_are_the_models_to_refuse():
    assert read("1,2\n").rows == [["1", "2"]]
    assert read("\ufeff1,2,3,4\n").rows == [["1", "2", "3", "4"]]


def test_a_row_that_has_other_cells_than_its_header_is_refused():
    with pytest.raises(InvalidRequest, match="Row 2 has 1 values; the header has 3 columns"):
        read('age,job,"a, b"\n1,2,3\n4\n')


@pytest.mark.parametrize("text", ["", "\n\n", 'age,job,"a, b"\n'])
def test_no_row_is_told(text):
    with pytest.raises(InvalidRequest, match="No rows were found"):
        read(text)


def test_what_is_no_csv_is_told_with_its_line():
    with pytest.raises(InvalidRequest, match="This is not CSV near line 2"):
        read('1,2,3\n4,"5"6,7\n')


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1",
        "@SUM(A1)",
        "+cmd|' /C calc'!A0",
        "-2+3",
        "\tx",
        "\r=1",
        "\n=1",
        "\uff1d1+1",
        "=",
        "-",
        "+1e5x",
    ],
)
def test_a_cell_that_would_be_a_formula_gets_an_apostrophe(cell):
    assert safe_cell(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "-118.56", "+5", "-.5", "-1e-05", "a=1", "1-2", "'=1"])
def test_numbers_and_other_cells_stay_as_they_are(cell):
    assert safe_cell(cell) == cell


def test_a_download_is_safe_and_a_request_is_exact():
    rows = [["=a", "-1"], ['q"', "x\ny"]]
    answer = csv_download('a"\r\nb.csv', rows)
    assert list(csv.reader(io.StringIO(answer.body.decode(), newline=""))) == [
        ["'=a", "-1"],
        ['q"', "x\ny"],
    ]
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''a%22%0D%0Ab.csv"
    assert list(csv.reader(io.StringIO(csv_text(rows), newline=""))) == rows


def test_a_header_that_leaves_out_most_columns_does_not_become_a_large_table(monkeypatch):
    """250,000 rows of one column, of a model of 2,000, became 500 million cells in the server itself."""
    monkeypatch.setattr(pasted, "MOST_CELLS", 600)
    columns = [f"c{i}" for i in range(100)]
    with pytest.raises(InvalidRequest, match="7 rows, and the model takes 100 columns"):
        read_pasted("c3\n" + "1\n" * 7, columns, "y")
    assert len(read_pasted("c3\n" + "1\n" * 6, columns, "y").rows) == 6


ROWS = [
    ["=1+1", "a"], ["-1+2", "-1.5e3"], ["+7", ".5"], ['=so "quoted", here\nthere', ""],
    ["\uff1d1", "-"], ["x=1", "a\n=b"], ["\t1", "-3"],
]  # fmt: skip


@pytest.mark.parametrize("size", [1, 2, 3, 7, 10_000])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_rows_that_come_in_pieces_are_as_safe_as_all_at_once(size, ending):
    stream = io.StringIO()
    csv.writer(stream, lineterminator=ending).writerows(ROWS)
    body, rows = stream.getvalue().encode().removesuffix(ending.encode()), SafeRows()
    made = [rows.of(body[at : at + size]) for at in range(0, len(body), size)]
    text = b"".join([*made, rows.last()]).decode()
    wanted = [[safe_cell(cell) for cell in row] for row in ROWS]
    assert list(csv.reader(io.StringIO(text, newline=""))) == wanted


def test_rows_without_formulas_stay_as_they_are_to_the_byte():
    body = b'-1,"x, y"\r\n+2.5,"a ""b"""\n5",c\n\xff,-.5\n'
    rows = SafeRows()
    assert rows.of(body) + rows.last() == body


def test_a_quote_that_nothing_ends_is_not_waited_for_without_bounds(monkeypatch):
    monkeypatch.setattr("windvane.console.trying.downloads._MOST_WAITING", 100)
    rows = SafeRows()
    assert rows.of(b'"' + b"x\n" * 40) == b""
    assert rows.of(b"=1\n" * 20) != b""
