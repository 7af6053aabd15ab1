"""`mlflow models serve` on a free port."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

from journeys.several import free_port

_MOST_S = 240


@contextmanager
def served(words):
    """Run `mlflow models serve`, as its words are, on a free port; gives what posts a JSON text to a path and returns the
    answer."""
    port = free_port()
    binaries = Path(sys.executable).parent
    server = subprocess.Popen(
        [str(binaries / words[0]), *words[1:], "--port", str(port)],
        start_new_session=True,
        env={**os.environ, "PATH": f"{binaries}:{os.environ['PATH']}"},
    )
    try:
        _wait(server, f"http://127.0.0.1:{port}/ping")

        def post(path, body):
            request = urllib.request.Request(
                f"http://127.0.0.1:{port}{path}",
                body.encode(),
                {"Content-Type": "application/json"},
            )
            with urllib.request.urlopen(request, timeout=60) as response:
                return json.loads(response.read())

        yield post
    finally:
        os.killpg(server.pid, 9)
        server.wait()


def _wait(server, url):
    end = time.monotonic() + _MOST_S
    while time.monotonic() < end:
        assert server.poll() is None, "mlflow models serve ended"
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"{url} did not answer within {_MOST_S} s.")
