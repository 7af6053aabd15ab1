"""The AWS command line, version 1 of the environment's and version 2 of the machine's, as somebody in a shell has it."""

import json
import os
import re
import subprocess
from pathlib import Path

from journeys.running import BIN
from journeys.sdk import quick_path


class Aws:
    """A program `aws`, on a running server."""

    def __init__(self, program, environment, *options):
        self._program = program
        self._environment = environment
        self._options = options

    def __call__(self, *arguments, **environment):
        """What it printed; of JSON, what it means."""
        done = self.run(*arguments, **environment)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.startswith(("{", "[")) else done.stdout

    def run(self, *arguments, **environment):
        command, variables = self._started(arguments, environment)
        return subprocess.run(command, env=variables, capture_output=True, text=True, check=False)

    def start(self, *arguments):
        """Side by side with the caller; what it prints can be read."""
        command, variables = self._started(arguments, {"PYTHONUNBUFFERED": "1"})
        return subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, text=True)

    def _started(self, arguments, environment):
        command = [self._program, *self._options, *arguments]
        return command, {**self._environment, **environment}


def version_1(server, home):
    """Its waiters ask again sooner than after half a minute."""
    environment = server.shell_env(HOME=str(home), AWS_PAGER="", PYTHONPATH=quick_path())
    return Aws(BIN / "aws", environment)


def version_2(server, home):
    """raises    AssertionError if the machine has none"""
    program = path_of_version_2()
    assert program is not None, "There is no AWS CLI 2: install your distribution's package awscli."
    options = ("--color", "off")
    if _version(program) < (2, 13):
        options += ("--endpoint-url", server.url)
    return Aws(program, server.shell_env(HOME=str(home), AWS_PAGER=""), *options)


def path_of_version_2():
    for folder in os.environ["PATH"].split(os.pathsep):
        program = Path(folder) / "aws"
        if program.is_file() and _version(program)[0] == 2:
            return program
    return None


def _version(program):
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    found = re.match(r"aws-cli/(\d+)\.(\d+)", said.stdout)
    return (int(found[1]), int(found[2])) if found else (0, 0)
