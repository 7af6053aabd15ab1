import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from windvane.durable import create_file, replace_file


def test_a_file_is_replaced_whole_and_only_its_owner_reads_it(tmp_path):
    path = tmp_path / "folder" / "keys.json"
    for text in ("first", "second"):
        replace_file(path, text)
        assert path.read_text() == text
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_a_file_that_is_there_is_not_created_again(tmp_path):
    path = tmp_path / "keys.json"
    for text in ("first", "second"):
        create_file(path, text)
    assert path.read_text() == "first"
    assert list(tmp_path.iterdir()) == [path]


def test_what_cannot_be_written_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "keys.json"
    replace_file(path, "first")
    with pytest.raises(UnicodeEncodeError):
        replace_file(path, "\ud800")
    assert path.read_text() == "first"
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_process_left_is_used_by_the_next(tmp_path):
    path, left = tmp_path / "keys.json", tmp_path / ".keys.json.new"
    for write in (create_file, replace_file, create_file):
        left.write_text("half of what it wanted to write, and longer than what comes")
        write(path, write.__name__)
        assert path.read_text() in ("create_file", "replace_file")
        assert list(tmp_path.iterdir()) == [path]
    assert path.read_text() == "replace_file"


def test_many_that_write_at_once_leave_one_whole_file(tmp_path):
    path = tmp_path / "keys.json"
    texts = [str(number) * 10_000 for number in range(10)]
    with ThreadPoolExecutor(10) as threads:
        list(threads.map(lambda text: replace_file(path, text), texts * 5))
    assert path.read_text() in texts
    assert list(tmp_path.iterdir()) == [path]
