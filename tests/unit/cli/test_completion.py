"""Scripts of completion, as the shells themselves run them."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from windvane.cli.command_tree import command_tree
from windvane.cli.completion import SCRIPT_OF
from windvane.cli.main import COMMANDS, main, make_parser

_BASH = """
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(( $# - 1 ))
_windvane
printf '%s\\n' "${COMPREPLY[@]}"
"""
_ZSH = """
compdef() { }
_describe() { print -rl -- "${(@)${(P)2}%%:*}" }
compadd() { print -rl -- "$@" }
_files() { if [[ "$1" == -/ ]]; then print -rl -- *(/N); else print -rl -- *(N); fi }
source "$1"; shift
words=("$@"); CURRENT=$#
_windvane
"""
_FISH = 'source $argv[1]; complete -C "$argv[2]"; true'


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("completion")
    root = command_tree(make_parser())
    for shell, script in SCRIPT_OF.items():
        (folder / shell).write_text(script(root))
    return folder


def _completed(shell: str, script: Path, words: Sequence[str], folder: Path) -> set[str]:
    """What the shell offers for the last word, in a folder."""
    program = {
        "bash": ["bash", "--norc", "-c", _BASH, "bash", str(script), *words],
        "zsh": ["zsh", "-f", "-c", _ZSH, "zsh", str(script), *words],
        "fish": ["fish", "--no-config", "-c", _FISH, str(script), " ".join(words)],
    }[shell]
    done = subprocess.run(program, cwd=folder, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    last = words[-1]
    offered = {line.partition("\t")[0].rstrip("/") for line in done.stdout.splitlines()}
    return {word for word in offered if word and word.startswith(last)}


@pytest.fixture(params=SCRIPT_OF)
def shell(request: pytest.FixtureRequest) -> str:
    if shutil.which(request.param) is None:
        pytest.skip(f"{request.param} is not installed")
    return str(request.param)


def test_words_files_and_values_are_completed(shell: str, scripts: Path, tmp_path: Path) -> None:
    (tmp_path / "a folder").mkdir()
    (tmp_path / "a file.toml").touch()

    def completed(*words: str) -> set[str]:
        return _completed(shell, scripts / shell, ["windvane", *words], tmp_path)

    assert set(COMMANDS) <= completed("")
    assert completed("key") == {"keys"}
    assert {"list", "rotate", "retire"} <= completed("keys", "")
    assert {"--data-dir", "--port", "--help"} <= completed("serve", "--insecure", "--")
    assert "--target" not in completed("serve", "--")
    assert "--port" not in completed("automl", "--target", "serve", "--")
    assert completed("completion", "") >= {"bash", "zsh", "fish"}
    if shell != "fish":  # which quotes what it offers
        assert completed("serve", "--config", "") == {"a folder", "a file.toml"}
        assert completed("serve", "--data-dir", "") == {"a folder"}
    assert completed("serve", "--port", "") == set()


def test_a_shell_that_is_unknown_is_told_with_the_known_ones(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["completion", "tcsh"])
    assert ended.value.code == 2
    assert "choose from bash, zsh, fish" in capsys.readouterr().err.replace("'", "")


def test_the_command_prints_the_script(capsys: pytest.CaptureFixture[str], scripts: Path) -> None:
    assert main(["completion", "bash"]) == 0
    assert capsys.readouterr().out == (scripts / "bash").read_text()
