"""The wheel holds everything: it runs without the checkout it was built from."""

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest
from journeys.running import ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT],
        check=True,
        capture_output=True,
    )
    [path] = folder.glob("*.whl")
    return path


def serve_and_stop(program, environment, folder):
    with subprocess.Popen(
        [*program, "serve", "--data-dir", folder / "data", "--port", "0"],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        line = server.stdout.readline()
        server.terminate()
        _, errors = server.communicate(timeout=240)
    assert line.startswith("windvane ready on http://127.0.0.1:"), errors
    assert server.returncode == 0


def test_the_wheel_serves_without_its_checkout(wheel, tmp_path):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "package")
        assert not [name for name in archive.namelist() if name.startswith("tests")]
    tables = list((tmp_path / "package/windvane/console/sample_tables").glob("*.csv.gz"))
    assert all(one.stat().st_size > 40_000 for one in tables)
    assert len(tables) == 3
    dependencies = sysconfig.get_path("purelib")
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path / 'package'}:{dependencies}"}
    python = [getattr(sys, "_base_executable", sys.executable), "-S", "-m", "windvane.cli.main"]
    os.environ.pop("VIRTUAL_ENV", None)
    environment["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    serve_and_stop(python, environment, tmp_path)


def versions(lock):
    """The lines of a lock file without hashes: with them pip wants the wheel's, too."""
    lines = (line.removesuffix("\\").strip() for line in lock.read_text().splitlines())
    return [line for line in lines if "==" in line and not line.startswith(("#", "--hash"))]


@pytest.mark.long
def test_the_wheel_installs_and_serves_in_a_clean_environment(wheel, tmp_path):
    venv.create(tmp_path / "clean", with_pip=True)
    python = tmp_path / "clean" / "bin" / "python"
    pins = tmp_path / "versions.txt"
    pins.write_text("\n".join(versions(ROOT / "requirements" / "core.txt")))
    subprocess.run([python, "-m", "pip", "install", "-q", wheel, "-c", pins], check=True)
    subprocess.run([python, "-m", "pip", "check"], check=True)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    serve_and_stop([tmp_path / "clean" / "bin" / "windvane"], environment, tmp_path)
