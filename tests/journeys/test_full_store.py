"""A store of many buckets and objects, filled through the port: what is listed, read and deleted is what was put."""

import pytest

from benchmarks.objects import Asked, run


@pytest.mark.long
def test_a_store_of_many_buckets_and_keys_of_all_kinds(tmp_path, capsys):
    run(tmp_path / "data", Asked(buckets=300, objects=30_000, connections=4))
    assert "0 findings" in capsys.readouterr().out
