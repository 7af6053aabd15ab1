"""What `windvane host` refuses; what it does is shown by journeys."""

import subprocess
import sys

import pytest


@pytest.mark.slow
@pytest.mark.parametrize(
    "config", ["", '[s3]\nendpoint = "http://127.0.0.1:1"\naccess_key = "a"\nsecret_key = "b"\n']
)
def test_a_host_needs_a_store_that_servers_share(tmp_path, config):
    file = tmp_path / "windvane.toml"
    file.write_text(config)
    command = [sys.executable, "-m", "windvane.cli.main", "host", "--port", "0"]
    done = subprocess.run(
        [*command, "--data-dir", tmp_path / "data", "--config", file],
        check=False,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "share a PostgreSQL database and an external S3 store" in done.stderr
    assert not (tmp_path / "data" / "windvane.db").exists()
