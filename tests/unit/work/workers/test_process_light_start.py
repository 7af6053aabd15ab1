import subprocess
import sys

import pytest

HEAVY = ("alembic", "boto3", "lightgbm", "pyarrow", "scipy", "torch", "xgboost")


@pytest.mark.slow
@pytest.mark.parametrize("module", ["windvane.app", "windvane.work.workers.worker"])
def test_a_server_and_its_workers_start_without_what_takes_long_to_load(module):
    ask = f"import sys, {module}; print([name for name in {HEAVY} if name in sys.modules])"
    said = subprocess.run(
        [sys.executable, "-c", ask], check=True, capture_output=True, text=True
    ).stdout
    assert said.strip() == "[]"
