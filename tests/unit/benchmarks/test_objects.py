"""Keys of the benchmark that fills a store."""

import pytest

from benchmarks.objects import Asked, character, key_of, keys_by_bucket

N_CHARACTERS = 0x110000 - 0x800 - 1


@pytest.mark.slow
def test_a_million_keys_have_all_of_unicode():
    found = {character(number) for number in range(2_000_000)}
    assert len(found) == N_CHARACTERS
    assert not any("\ud800" <= one <= "\udfff" or one == "\0" for one in found)


def test_no_key_stands_for_two_objects_and_none_is_too_long():
    keys = [key_of(number) for number in range(20_000)]
    assert len(set(keys)) == len(keys)
    assert max(len(key.encode()) for key in keys) == 1024
    kinds = ("//", "/../", "/./", "\u200d", "%2F")
    assert all(any(kind in key for key in keys) for kind in kinds)
    assert any(key.endswith("/") for key in keys)
    assert any(key.startswith("/") for key in keys)


def test_every_object_is_in_one_bucket():
    keys = keys_by_bucket(Asked(buckets=7, objects=1000, connections=1))
    assert len(keys["large"]) == 500
    assert sum(map(len, keys.values())) == 1000
    assert min(map(len, keys.values())) >= 1000 // 2 // 7
