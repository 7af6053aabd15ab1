"""The command that makes certificates: in CI it is there, elsewhere it may be missing."""

import os
import shutil

import pytest

needs_openssl = pytest.mark.skipif(
    shutil.which("openssl") is None and os.environ.get("CI") != "true",
    reason="the command openssl is not installed",
)
