"""Small secrets at rest."""

import os

import pytest

from windvane.errors import CorruptArtifact
from windvane.sealing import SecretBox, derive_key


def test_what_was_sealed_opens_under_the_same_key_and_context_alone():
    key = os.urandom(32)
    sealed = SecretBox(key).seal(b"secret", b"key AKIA1")
    assert SecretBox(key).open(sealed, b"key AKIA1") == b"secret"
    for box, text, context in (
        (SecretBox(key), sealed, b"key AKIA2"),
        (SecretBox(os.urandom(32)), sealed, b"key AKIA1"),
        (SecretBox(key), sealed[:-1] + bytes([sealed[-1] ^ 1]), b"key AKIA1"),
        (SecretBox(key), b"", b"key AKIA1"),
    ):
        with pytest.raises(CorruptArtifact):
            box.open(text, context)


def test_keys_of_different_purposes_differ():
    assert derive_key(b"s" * 32, "a") != derive_key(b"s" * 32, "b")
