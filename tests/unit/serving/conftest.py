import json
import sys
import time
from pathlib import Path

import pytest

from windvane.serving.process import ModelProcess

PROGRAM = (sys.executable, str(Path(__file__).with_name("fake_instance.py")))


@pytest.fixture
def start_process(tmp_path):
    """Starts model processes whose model answers `version`; they are ended with the test."""
    started = []

    def start(version=1.0, load=""):
        folder = tmp_path / f"artefact-{len(started)}"
        for part in ("transformers", "model"):
            (folder / part).mkdir(parents=True)
            (folder / part / "manifest.json").touch()
        (folder / "transformers/version").write_text(str(version))
        (folder / "transformers/load").write_text(load)
        spec = folder / "spec.json"
        containers = [{"environment": {}, "folder": str(folder)}]
        spec.write_text(json.dumps({"memory_mb": 2048, "containers": containers}))
        started.append(ModelProcess(PROGRAM, spec, tmp_path / "log", {}))
        return started[-1]

    yield start
    for process in started:
        process.close()
        process.channel.close()


@pytest.fixture
def hello_of():
    def wait(process):
        until = time.monotonic() + 240
        while (hello := process.hello()) is None:
            assert time.monotonic() < until, "no hello"
            time.sleep(0.005)
        return hello

    return wait
