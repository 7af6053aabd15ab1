"""What the command line knows, read from its parsers: for shells to complete, and for its manual page."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Value(StrEnum):
    """The kind of value that an argument takes."""

    NOTHING = "nothing"
    FILE = "file"
    FOLDER = "folder"
    OTHER = "other"


@dataclass(frozen=True)
class Argument:
    """An option, or an argument without a name.

    names       () for one without a name
    shown       how its value is called; "" if it takes none
    choices     the values it may have; () for any
    """

    names: tuple[str, ...]
    shown: str
    help: str
    value: Value
    choices: tuple[str, ...]
    is_required: bool


@dataclass(frozen=True)
class Command:
    """A command with its arguments, and the commands below it.

    words    that call it, without `windvane`; () for `windvane` itself
    help     in a few words; `description` in sentences
    """

    words: tuple[str, ...]
    help: str
    description: str
    arguments: tuple[Argument, ...]
    commands: tuple[Command, ...]

    def all(self) -> Iterator[Command]:
        """Yield this and every command below it."""
        yield self
        for command in self.commands:
            yield from command.all()


def command_tree(
    parser: argparse.ArgumentParser, words: tuple[str, ...] = (), told: str = ""
) -> Command:
    """Return what a parser takes."""
    arguments: list[Argument] = []
    commands: list[Command] = []
    for action in parser._actions:  # noqa: SLF001 - argparse tells it in no other way
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - as above
            # Commands without a help are for Windvane itself.
            commands += [
                command_tree(action.choices[one.dest], (*words, one.dest), one.help or "")
                for one in action._choices_actions  # noqa: SLF001 - as above
            ]
        elif action.help != argparse.SUPPRESS:
            arguments.append(_argument(parser, action))
    description = " ".join((parser.description or "").split())
    return Command(words, told, description, tuple(arguments), tuple(commands))


def _argument(parser: argparse.ArgumentParser, action: argparse.Action) -> Argument:
    takes = action.nargs != 0
    shown = action.metavar or (action.dest.upper() if action.option_strings else action.dest)
    expanded = parser._get_formatter()._expand_help(action) if action.help else ""  # noqa: SLF001
    return Argument(
        tuple(action.option_strings),
        str(shown) if takes else "",
        " ".join(expanded.split()),
        _value(action) if takes else Value.NOTHING,
        tuple(map(str, action.choices or ())),
        action.required,
    )


def _value(action: argparse.Action) -> Value:
    if action.type is not Path:
        return Value.OTHER
    is_folder = action.dest.endswith("dir") or action.metavar in ("DIR", "FOLDER")
    return Value.FOLDER if is_folder else Value.FILE
