"""Whatever the size of a block, the records are those that Python's csv module finds."""

import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from windvane.errors import InvalidRequest
from windvane.serving.csvblocks import AnyRecords, PlainRecords, csv_blocks

FIELDS = st.text(st.sampled_from('ab1.,"\n\r ä\u2028\x00'), max_size=5)
LINE_ENDS = st.sampled_from(["\n", "\r\n"])


def blocks(text, block_bytes=1000, **options):
    body = text if isinstance(text, bytes) else text.encode()
    return list(
        csv_blocks(io.BytesIO(body).read, block_bytes=block_bytes, max_record=1000, **options)
    )


def rows(text, block_bytes=1000, **options):
    return [row for block in blocks(text, block_bytes, **options) for row in checked(block.records)]


def checked(records):
    """The rows, which are the same by columns."""
    if records.columns is not None:
        by_column = [column.to_pylist() for column in records.columns]
        assert [list(row) for row in zip(*by_column, strict=True)] == [
            list(r) for r in records.rows if r
        ]
    return records.rows


def expected(text):
    found = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    while found and not found[-1]:
        found.pop()
    return found


def outcome(read):
    try:
        return read()
    except (csv.Error, InvalidRequest):
        return "refused"


@given(st.lists(st.tuples(FIELDS, FIELDS), min_size=1, max_size=8), LINE_ENDS, st.integers(1, 40))
def test_written_rows_come_back(table, end, block_bytes):
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator=end, quoting=csv.QUOTE_ALL).writerows(table)
    assert rows(out.getvalue(), block_bytes) == [list(row) for row in table]


PLAIN = st.lists(st.sampled_from(["a,1", ",", "", " ,ä", "b", "1,,"]), max_size=8).map("\n".join)


@given(st.one_of(PLAIN, st.text(st.sampled_from('a1,"\n\r'), max_size=30)), st.integers(1, 40))
@example("a,b\n\nc,d\n", 40)
@example('5" pipe,3\nb,4\n', 3)
@example('a,"b\n\n\nc",d\n', 2)
@example("a,b\n\n\n", 2)
@example("a,b\rc,d\n", 40)
def test_any_text_is_read_as_the_csv_module_reads_it(text, block_bytes):
    assert outcome(lambda: rows(text, block_bytes)) == outcome(lambda: expected(text))


@given(st.lists(st.tuples(FIELDS, FIELDS), min_size=1, max_size=8), st.integers(1, 40))
def test_lines_are_the_records_as_they_stand_and_rows_are_counted(table, block_bytes):
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(table)
    found = blocks(out.getvalue(), block_bytes)
    lines = [line for block in found for line in block.records.lines]
    assert "".join(f"{line}\n" for line in lines) == out.getvalue()
    numbers = [block.first_row for block in found]
    sizes = [block.records.n_rows for block in found]
    assert numbers == [1 + sum(sizes[:i]) for i in range(len(sizes))]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_records_without_quotes_are_read_at_once(end):
    [block] = blocks(f"1,a,{end},ä,3{end}4,,{end}")
    assert isinstance(block.records, PlainRecords)
    assert [column.to_pylist() for column in block.records.columns] == [
        ["1", "", "4"],
        ["a", "ä", ""],
        ["", "3", ""],
    ]
    assert block.records.lines == ["1,a,", ",ä,3", "4,,"]


def test_records_with_quotes_have_columns_too():
    [block] = blocks('1,"a\nb"\n2,"c"\n')
    assert isinstance(block.records, AnyRecords)
    assert [column.to_pylist() for column in block.records.columns] == [["1", "2"], ["a\nb", "c"]]


def test_records_of_different_lengths_have_none():
    [block] = blocks("1,2\n3\n")
    assert block.records.columns is None


@pytest.mark.parametrize("size", [1, 3, 50])
def test_a_blank_line_is_a_row_where_there_is_one_column(size):
    assert rows("a\n\nb\n\n", size, blank_is_row=True) == [["a"], [""], ["b"], [""]]
    assert rows("a\n\nb\n\n", size) == [["a"], [], ["b"]]


@pytest.mark.parametrize("text", ["", "\n", "\r\n\r\n", "\ufeff"])
def test_nothing_is_no_block(text):
    assert blocks(text) == []


@pytest.mark.parametrize("size", [1, 50])
def test_a_byte_order_mark_is_no_part_of_the_first_cell(size):
    assert rows("\ufeffa,b\n", size) == [["a", "b"]]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"a,b\nc,\xff\n", "byte 6 is 0xff"),
        (b'"a",b\n\xe4,c\n', "byte 6 is 0xe4"),
        (b"\xef\xbb\xbfa,\xff\n", "byte 5 is 0xff"),
        ("a,b\n".encode("utf-16"), "byte order mark of UTF-16"),
        (b'a,b\n"c"d,e\n', "Row 2 is not valid CSV"),
        (b'a,b\n"c,d\n', "Row 2 is not valid CSV"),
        (b'a,b\n"' + b"c,d\n" * 500, "Row 2 has more than 1000 bytes"),
        (b"a,b\r" * 500, "Row 1 has more than 1000 bytes"),
    ],
)
@pytest.mark.parametrize("size", [3, 900])
def test_what_cannot_be_read_is_named(body, told, size):
    with pytest.raises(InvalidRequest, match=told):
        blocks(body, size)
