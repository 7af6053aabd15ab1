"""Universal Binary JSON as XGBoost writes it."""

import numpy as np
import pytest

from windvane.engine.learners.ubjson import read_ubjson

DOCUMENT = (
    b"{"
    b"L\0\0\0\0\0\0\0\1aSi\2ok"
    b"i\1b[$d#i\2\x3f\x80\0\0\xc0\0\0\0"
    b"i\1c[#i\2TF"
    b"i\1d[Zi\xff]"
    b"i\1e{}"
    b"i\1fL\0\0\0\0\0\0\1\0"
    b"}"
)


def test_values_of_every_kind_are_read():
    read = read_ubjson(DOCUMENT)
    assert read.pop("b").tolist() == [1.0, -2.0]
    assert read == {"a": "ok", "c": [True, False], "d": [None, -1], "e": {}, "f": 256}


@pytest.mark.parametrize("length", range(len(DOCUMENT)))
def test_a_document_that_ends_too_early_is_refused(length):
    with pytest.raises(ValueError, match="no Universal Binary JSON"):
        read_ubjson(DOCUMENT[:length])


@pytest.mark.parametrize(
    "content", [b"?", b"[$x#i\1a", b"[$d", b"[$di\1", b"Si\xff", b"S[", b"[" * 100_000]
)
def test_what_is_something_else_is_refused(content):
    with pytest.raises(ValueError, match="no Universal Binary JSON"):
        read_ubjson(content)


def test_arrays_are_numbers_of_their_kind():
    assert read_ubjson(b"[$U#i\3\1\2\xff").dtype == np.uint8
