"""Files of weights: read as they are, and refused before memory is asked for if they are not what they are to be."""

import json
import os
import tracemalloc

import numpy as np
import pytest

from windvane.engine.safetensors import check_safetensors, read_safetensors
from windvane.errors import CorruptArtifact

SHAPES = {"a": (2, 3), "b": (4,)}
A, B = np.arange(6.0).reshape(2, 3), np.array([0.5, -1.0, 2.0, 1024.0])


def written(file, arrays, kind="F32", **changes):
    """Write a file; `changes` are of the header's entries, by name."""
    dtype = {"F32": "<f4", "F16": "<f2"}.get(kind)
    header, numbers = {"__metadata__": {"format": "pt"}}, b""
    for name, array in arrays.items():
        own = array.astype("<f4").view("<u4") >> 16
        content = own.astype("<u2").tobytes() if dtype is None else array.astype(dtype).tobytes()
        offsets = [len(numbers), len(numbers) + len(content)]
        header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": offsets}
        numbers += content
    for name, change in changes.items():
        header[name] = {**header.get(name, {}), **change}
    text = json.dumps(header).encode()
    file.write_bytes(len(text).to_bytes(8, "little") + text + numbers)
    return file


@pytest.mark.parametrize("kind", ["F32", "F16", "BF16"])
def test_arrays_are_read_as_float32(tmp_path, kind):
    made = read_safetensors(written(tmp_path / "w", {"b": B, "a": A}, kind), SHAPES)
    assert made.arrays["a"].dtype == np.float32
    assert np.array_equal(made.arrays["a"], A)
    assert np.array_equal(made.arrays["b"], B)
    assert made.content.tobytes() == (tmp_path / "w").read_bytes()


def test_arrays_that_are_not_used_are_passed_over(tmp_path):
    file = written(tmp_path / "w", {"a": A, "more": B, "b": B})
    assert sorted(read_safetensors(file, SHAPES, ["more"]).arrays) == ["a", "b"]
    with pytest.raises(CorruptArtifact, match="'more', which does not belong"):
        read_safetensors(file, SHAPES)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"a": {"dtype": "F64"}}, "of the kind F64; it must be one of F32, F16, BF16"),
        ({"a": {"dtype": "I32"}}, "of the kind I32"),
        ({"a": {"dtype": ["F32"]}}, "of the kind"),
        ({"a": {"shape": [3, 2]}}, r"shape \(3, 2\); it must have \(2, 3\)"),
        ({"a": {"shape": [1 << 40, 1 << 40]}}, "not those of its shape"),
        ({"a": {"shape": [-2, -3]}}, "no whole numbers"),
        ({"a": {"shape": [2.0, 3.0]}}, "no whole numbers"),
        ({"a": {"shape": [True] * 9}}, "no whole numbers"),
        ({"a": {"data_offsets": [0, 20]}}, "20 bytes"),
        ({"a": {"data_offsets": [24, 0]}}, "not those of its shape"),
        ({"a": {"data_offsets": [-4, 20]}}, "no whole numbers"),
        ({"a": {"data_offsets": [0, 24, 48]}}, "no whole numbers"),
        ({"b": {"data_offsets": [8, 24]}}, "must begin at 24"),
        ({"b": {"data_offsets": [1 << 40, (1 << 40) + 16]}}, "must begin at 24"),
        ({"b": {"further": 1}}, "not described by"),
        ({"c": {"dtype": "F32", "shape": [1], "data_offsets": [40, 44]}}, "'c'"),
    ],
)
def test_headers_that_say_something_else_are_refused(tmp_path, changes, told):
    file = written(tmp_path / "w", {"a": A, "b": B}, **changes)
    for read in (read_safetensors, check_safetensors):
        with pytest.raises(CorruptArtifact, match=told):
            read(file, SHAPES)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "header"),
        (b"\xff" * 8, "header has 18446744073709551615 bytes"),
        ((1 << 20).to_bytes(8, "little") + b"{}", "those of the file"),
        ((2).to_bytes(8, "little") + b"[]", "no JSON object"),
        ((2).to_bytes(8, "little") + b"{}", "lacks 'a'"),
        ((14).to_bytes(8, "little") + b'{"a":1, "a":2}', "twice"),
        ((50_000).to_bytes(8, "little") + b"[" * 50_000, "safetensors"),
        ((3).to_bytes(8, "little") + b"\xff{}", "safetensors"),
    ],
)
def test_what_is_no_such_file_is_refused(tmp_path, content, told):
    (tmp_path / "w").write_bytes(content)
    with pytest.raises(CorruptArtifact, match=told):
        read_safetensors(tmp_path / "w", SHAPES)


def test_a_file_that_is_missing_none_or_longer_than_its_arrays_is_refused(tmp_path):
    with pytest.raises(CorruptArtifact, match="No such file"):
        read_safetensors(tmp_path / "w", SHAPES)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(CorruptArtifact, match="no plain file"):
        read_safetensors(tmp_path / "pipe", SHAPES)
    file = written(tmp_path / "w", {"a": A, "b": B})
    file.write_bytes(file.read_bytes() + b"1234")
    with pytest.raises(CorruptArtifact, match="its arrays have 40 bytes; the file has 44"):
        read_safetensors(file, SHAPES)


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_numbers_are_finite(tmp_path, number):
    bad = A.copy()
    bad[1, 1] = number
    with pytest.raises(CorruptArtifact, match="'a' holds numbers that are not finite"):
        read_safetensors(written(tmp_path / "w", {"a": bad, "b": B}), SHAPES)


def test_a_huge_file_is_refused_before_it_is_read(tmp_path):
    file = written(tmp_path / "w", {"a": A, "b": B})
    os.truncate(file, 1 << 40)
    tracemalloc.start()
    try:
        with pytest.raises(CorruptArtifact, match="bytes of numbers"):
            read_safetensors(file, SHAPES)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_damaged_files_are_refused_or_read_within_their_memory(tmp_path):
    whole = written(tmp_path / "w", {"a": A, "b": B}).read_bytes()
    rng = np.random.default_rng(0)
    outcomes = set()
    tracemalloc.start()
    try:
        for _ in range(500):
            damaged = bytearray(whole)
            for _ in range(rng.integers(1, 4)):
                damaged[rng.integers(len(damaged))] = rng.integers(256)
            (tmp_path / "w").write_bytes(
                damaged[: rng.integers(len(damaged) // 2, 2 * len(damaged))]
            )
            try:
                made = read_safetensors(tmp_path / "w", SHAPES)
            except CorruptArtifact:
                outcomes.add("refused")
            else:
                outcomes.add("read")
                assert {name: one.shape for name, one in made.arrays.items()} == SHAPES
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()
    assert outcomes == {"refused", "read"}
