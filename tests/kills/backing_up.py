"""Backups that are made while a server serves and may be killed with it, or outlive it."""

import hashlib
import io
import shutil
import subprocess
import sys
from contextlib import redirect_stdout

from windvane.cli.main import main
from windvane.domain.candidate import ProcessingJob, TrainingJob, TransformJob
from windvane.domain.deployment import EndpointConfig, Model
from windvane.domain.job import AutoMLJob
from windvane.names import Scope
from windvane.objects.store import open_objects
from windvane.store.open import open_store

RECORDS = {
    "automl": AutoMLJob,
    "processing": ProcessingJob,
    "training": TrainingJob,
    "transform": TransformJob,
    "model": Model,
    "config": EndpointConfig,
}
_SCOPE = Scope("000000000000", "us-east-1")
_WITHIN_S = 600


class Backups:
    """One at a time, of the data folder of a life.

    n_whole     that were made and held what they must
    n_killed    that ended with the server
    """

    def __init__(self, folder):
        folder.mkdir()
        self._folder, self._process = folder, None
        self.n_whole = self.n_killed = 0

    @property
    def is_under_way(self):
        return self._process is not None and self._process.poll() in (None, -9)

    def begin(self, life):
        self._target = self._folder / f"backup-{self.n_whole}-{self.n_killed}"
        self._objects = dict(life.objects)
        self._resources = dict(life.resources)
        command = ["backup", self._target, "--data-dir", life.server.folder]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "windvane.cli.main", *command],
            env=life.server.beside(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def end(self, life):
        """Wait for it, make another of one that was killed, and look at what can be restored of it."""
        while (code := self._process.wait(_WITHIN_S)) == -9:
            self._process.stdout.close()
            assert not self._target.exists()
            self.n_killed += 1
            self.begin(life)
        with self._process.stdout as said:
            assert code == 0, said.read()
        self._process = None
        restored = self._target.with_suffix(".restored")
        run("restore", self._target, "--data-dir", restored)
        run("check", "--data-dir", restored)
        self._compare(life, restored)
        self.n_whole += 1
        for folder in (self._target, restored):
            shutil.rmtree(folder)

    def _compare(self, life, restored):
        """What had been acknowledged when it began, and has not been changed since, is there."""
        objects = open_objects(restored / "s3")
        listing = objects.list_objects(life.bucket, prefix="life/")
        found = {one.key.removeprefix("life/"): (one.size, one.etag) for one in listing.objects}
        objects.close()
        for key, contents in self._objects.items():
            if len(contents) == 1 and None not in contents and life.objects[key] == contents:
                size, etag = found[key]
                assert size == len(contents[0])
                assert etag == hashlib.md5(contents[0]).hexdigest() or key == "parts"
        store = open_store("", restored)
        with store.snapshot() as tx:
            for (kind, name), state in self._resources.items():
                if kind in RECORDS and (state, life.resources.get((kind, name))) == ("there",) * 2:
                    assert tx.find(RECORDS[kind], _SCOPE, name) is not None, (kind, name)
        store.close()


def run(*arguments):
    """What a command of Windvane that must end well says."""
    said = io.StringIO()
    with redirect_stdout(said):
        code = main([str(one) for one in arguments])
    assert code == 0, (arguments, said.getvalue()[-4000:])
    return said.getvalue()
