"""The cipher of data files: any range equals the slice, any change is seen."""

import io
import itertools
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from windvane.errors import CorruptArtifact
from windvane.objects.frames import (
    FRAME_BYTES,
    TAG_BYTES,
    FrameCipher,
    OpeningReader,
    SealingWriter,
    plain_size,
    sealed_size,
)

KEY, IDENTITY = os.urandom(32), os.urandom(16)
SEALED = FRAME_BYTES + TAG_BYTES
SIZES = st.one_of(
    st.integers(0, 3 * FRAME_BYTES),
    st.builds(lambda n, d: max(0, n * FRAME_BYTES + d), st.integers(0, 3), st.integers(-1, 1)),
)


def sealed(plain, cuts=(), identity=IDENTITY):
    file = io.BytesIO()
    writer = SealingWriter(file, FrameCipher(KEY, identity))
    edges = [0, *sorted(min(cut, len(plain)) for cut in cuts), len(plain)]
    for start, end in itertools.pairwise(edges):
        writer.write(plain[start:end])
    writer.finish()
    return file.getvalue()


def opened(data, key=KEY, identity=IDENTITY):
    return OpeningReader(io.BytesIO(data), FrameCipher(key, identity))


@settings(max_examples=60, deadline=None)
@given(SIZES, st.lists(st.integers(0, 3 * FRAME_BYTES), max_size=4), st.data())
def test_any_range_equals_the_slice(size, cuts, data):
    plain = os.urandom(size)
    file = sealed(plain, cuts)
    assert len(file) == sealed_size(size)
    assert plain_size(len(file)) == size
    start, length = data.draw(st.integers(0, size)), data.draw(st.integers(0, size + 1))
    reader = opened(file)
    reader.seek(start)
    assert reader.read(length) == plain[start : start + length]
    assert reader.read() == plain[start + length :]
    reader.seek(0)
    assert io.BufferedReader(reader, 4096).read() == plain


@settings(max_examples=60, deadline=None)
@given(SIZES, st.data())
def test_any_flipped_byte_is_seen(size, data):
    file = bytearray(sealed(os.urandom(size)))
    file[data.draw(st.integers(0, len(file) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(CorruptArtifact):
        opened(bytes(file)).read()


@settings(max_examples=60, deadline=None)
@given(SIZES, st.data())
def test_a_file_that_was_cut_off_is_seen(size, data):
    file = sealed(os.urandom(size))
    left = data.draw(
        st.one_of(
            st.integers(0, len(file) - 1),
            st.integers(0, (len(file) - 1) // SEALED).map(lambda n: n * SEALED),
        )
    )
    with pytest.raises(CorruptArtifact):
        opened(file[:left]).read()


def test_frames_that_were_dropped_moved_repeated_or_added_are_seen():
    file = sealed(os.urandom(3 * FRAME_BYTES + 5))
    frames = [file[start : start + SEALED] for start in range(0, len(file), SEALED)]
    a, b, c, last = frames
    other = sealed(os.urandom(4 * FRAME_BYTES), identity=os.urandom(16))
    for changed in (
        (a, c, last),
        (b, a, c, last),
        (a, a, b, c, last),
        (a, b, c, last, last),
        (a, b, c),
        (a, b, c, other[3 * SEALED :]),
        (a, other[SEALED : 2 * SEALED], c, last),
    ):
        with pytest.raises(CorruptArtifact):
            opened(b"".join(changed)).read()


def test_another_key_or_another_files_identity_opens_nothing():
    file = sealed(b"secret")
    assert opened(file).read() == b"secret"
    for key, identity in ((os.urandom(32), IDENTITY), (KEY, os.urandom(16))):
        with pytest.raises(CorruptArtifact):
            opened(file, key, identity).read()


def test_an_empty_file_that_was_made_up_is_seen_when_it_is_opened():
    assert opened(sealed(b"")).read() == b""
    with pytest.raises(CorruptArtifact):
        opened(bytes(TAG_BYTES))


def test_no_plain_text_shows():
    assert b"windvane" not in sealed(b"windvane" * 20_000)
