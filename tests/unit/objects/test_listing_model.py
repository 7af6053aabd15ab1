"""Lists of the object store against a sorted dictionary."""

from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from windvane.objects.records import Attributes, Versioning
from windvane.objects.store import open_objects

_LETTERS = st.sampled_from(
    [
        "a",
        "b",
        "/",
        "//",
        "\0",
        "\n",
        ".",
        "é",
        "\u0301",
        "\uffff",
        "\U0001f600",
        "\U0010ffff",
        "\x7f",
    ]
)
_KEYS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=4) | st.lists(
    _LETTERS, min_size=1, max_size=5
).map("".join)
_DELIMITERS = st.sampled_from(["", "/", "//", "a", "é", "\U0001f600", "\0", "ab"])
_MARKS = st.just("") | _KEYS


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    store = open_objects(tmp_path_factory.mktemp("s3"))
    yield store
    store.close()


_numbers = count()


def new_bucket(store):
    return store.create_bucket(f"bucket-{next(_numbers)}", "111122223333", "us-east-1").name


def put(store, bucket, key):
    with store.stage() as staged:
        staged.write(b"x")
        return store.put(bucket, key, staged, "0" * 32, Attributes())


def entries(keys, prefix, delimiter, after):
    """Keys and common prefixes in order, worked out the simple way."""
    found = set()
    for key in keys:
        if key.startswith(prefix):
            cut = key.find(delimiter, len(prefix)) if delimiter else -1
            found.add((key[: cut + len(delimiter)], True) if cut >= 0 else (key, False))
    return sorted(
        (one for one in found if one[0].encode() > after.encode()), key=lambda one: one[0].encode()
    )


def merged(objects, prefixes):
    found = [(one.key, False) for one in objects] + [(prefix, True) for prefix in prefixes]
    return sorted(found, key=lambda one: one[0].encode())


@pytest.mark.slow
@settings(max_examples=120, deadline=None)
@given(
    keys=st.sets(_KEYS, max_size=25),
    asked=st.lists(
        st.tuples(_MARKS, _DELIMITERS, _MARKS, st.integers(1, 6)), min_size=8, max_size=8
    ),
)
def test_pages_put_together_are_what_a_dictionary_says(store, keys, asked):
    bucket = new_bucket(store)
    for key in keys:
        put(store, bucket, key)
    for prefix, delimiter, after, limit in asked:
        found, place, pages = [], after, 0
        while place is not None:
            page = store.list_objects(
                bucket, prefix=prefix, delimiter=delimiter, after=place, limit=limit
            )
            entries_of_page = merged(page.objects, page.prefixes)
            assert len(entries_of_page) == limit or page.next is None
            found += entries_of_page
            place = page.next
            pages += 1
        assert found == entries(keys, prefix, delimiter, after)
        assert pages == max(1, -(-len(found) // limit))


@settings(max_examples=40, deadline=None)
@given(
    keys=st.lists(
        st.sampled_from(["a", "a/b", "a/c", "b", "b\0", "é/1", "\U0010ffff"]), max_size=20
    ),
    prefix=st.sampled_from(["", "a", "a/", "é"]),
    delimiter=st.sampled_from(["", "/"]),
    limit=st.integers(1, 5),
)
def test_pages_of_versions_put_together_are_all_of_them(store, keys, prefix, delimiter, limit):
    bucket = new_bucket(store)
    store.set_versioning(bucket, Versioning.ENABLED)
    made = [put(store, bucket, key) for key in keys]
    found, prefixes, place = [], [], ("", "")
    while place is not None:
        page = store.list_versions(
            bucket,
            prefix=prefix,
            delimiter=delimiter,
            after_key=place[0],
            after_version=place[1],
            limit=limit,
        )
        found += page.versions
        prefixes += page.prefixes
        place = page.next
    plain = [one for one in made if (one.key, False) in entries(keys, prefix, delimiter, "")]
    plain.sort(key=lambda one: (one.key.encode(), -one.sequence))
    assert [one.version_id for one in found] == [one.version_id for one in plain]
    expected = [name for name, is_prefix in entries(keys, prefix, delimiter, "") if is_prefix]
    assert prefixes == expected
