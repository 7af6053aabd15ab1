"""Every command has a sentence and an example, and takes what its example says."""

import argparse
import shlex

import pytest

from windvane.cli.examples import EXAMPLES, commands_of, example_of
from windvane.cli.main import main, make_parser

PARSER = make_parser()
COMMANDS = dict(commands_of(PARSER))


def has_commands(parser: argparse.ArgumentParser) -> bool:
    return any(commands_of(parser))


def test_every_command_that_can_be_called_has_an_example() -> None:
    told = {
        action.dest for one in PARSER._actions if one.choices for action in one._choices_actions
    }
    callable_ones = {
        words
        for words, command in COMMANDS.items()
        if not has_commands(command) and words.split()[0] in told
    }
    assert set(EXAMPLES) == callable_ones


@pytest.mark.parametrize("words", EXAMPLES)
def test_a_command_takes_what_its_example_says(words: str) -> None:
    arguments = PARSER.parse_args(shlex.split(example_of(words))[1:])
    assert callable(arguments.run)


@pytest.mark.parametrize("words", EXAMPLES)
def test_the_help_of_a_command_has_a_sentence_and_its_example_in_one_line(
    words: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    with pytest.raises(SystemExit):
        main([*words.split(), "--help"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2:] == ["example:", f"  {example_of(words)}"]
    assert len(lines[-1]) < 100
    description = COMMANDS[words].description or ""
    assert description.startswith(f"`windvane {words}`: ")
    assert description.rstrip().endswith(".")
