"""A model process with a model that does what the first cell of a row says:

    die          ends the process            die-once:FILE   the same unless FILE is there; makes FILE
    sleep:S      answers after S seconds     fail            raises
    memory       wants more than there is    anything else   answers the number in the artefact's file `version`

The artefact's file `load` may say refuse, die, or hang:FILE (until FILE is there).
"""

import os
import signal
import time
from pathlib import Path

import numpy as np

from windvane.engine.packages.package import Predictions, Predictor, Schema
from windvane.errors import CorruptArtifact
from windvane.serving.instance import main


class Fake(Predictor):
    schema = Schema(("do", "b"), (), "float", "y", "Regression")

    def __init__(self, version):
        self.version = version

    def predict(self, rows):
        do, _, argument = rows[0][0].partition(":")
        _ACTIONS.get(do, lambda _: None)(argument)
        return Predictions(
            np.full(len(rows), self.version), np.empty((0, 0)), np.empty(0, np.int64)
        )


def die(_):
    os.kill(os.getpid(), signal.SIGKILL)


def die_once(file):
    if not Path(file).exists():
        Path(file).touch()
        die(file)


def fail(argument):
    raise ZeroDivisionError(argument)


def memory(_):
    np.ones(2**33)


def hang(file):
    while not Path(file).exists():
        time.sleep(0.01)


_ACTIONS = {
    "die": die,
    "die-once": die_once,
    "sleep": lambda seconds: time.sleep(float(seconds)),
    "fail": fail,
    "memory": memory,
    "hang": hang,
}


def load(transformers, model):
    how = transformers / "load"
    do, _, argument = how.read_text().partition(":") if how.exists() else ("", "", "")
    if do == "refuse":
        raise CorruptArtifact("The artefact is damaged.")
    _ACTIONS.get(do, lambda _: None)(argument)
    return Fake(float((transformers / "version").read_text()))


if __name__ == "__main__":
    raise SystemExit(main(load=load))
