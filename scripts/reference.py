"""Writes the pages of docs/ that say what the code says: the command line (cli.md, and windvane.1 for `man`),
the library (python.md), errors (errors.md).

.venv/bin/python -m scripts.reference
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import windvane
from scripts.errors_page import errors_page
from scripts.manual import manual_page
from windvane.cli.examples import example_of
from windvane.cli.main import COMMANDS

ROOT = Path(__file__).resolve().parents[1]
PAGES = ROOT / "docs"

_ENTRY = re.compile(r"^(\w+(?:, \w+)*)(?: {2,}(\S.*))?$")
"""The first line of a parameter in a docstring: names, at least two blanks, what it is; or a long name alone."""


class RecordingParser(argparse.ArgumentParser):
    """A parser that also keeps what was added to it, in order."""

    def __init__(self, **options: Any) -> None:
        self.arguments: list[tuple[tuple[str, ...], dict[str, Any]]] = []
        self.commands: list[RecordingParser] = []
        super().__init__(**options)

    def add_argument(self, *names: Any, **options: Any) -> argparse.Action:
        if "-h" not in names:
            self.arguments.append((names, options))
        return super().add_argument(*names, **options)

    def add_mutually_exclusive_group(self, **options: Any) -> Any:
        return self._recorded(super().add_mutually_exclusive_group(**options))

    def add_argument_group(self, *told: Any, **options: Any) -> Any:
        return self._recorded(super().add_argument_group(*told, **options))

    def _recorded(self, group: Any) -> Any:
        add = group.add_argument

        def recorded(*names: Any, **of_argument: Any) -> argparse.Action:
            self.arguments.append((names, of_argument))
            action: argparse.Action = add(*names, **of_argument)
            return action

        group.add_argument = recorded
        return group

    def add_subparsers(self, **options: Any) -> Any:
        made = super().add_subparsers(**options)
        add = made.add_parser

        def recorded(name: str, **of_command: Any) -> RecordingParser:
            command: RecordingParser = add(name, **of_command)
            self.commands.append(command)
            return command

        made.add_parser = recorded
        return made


def cli_page() -> str:
    """Return the page of every command with its arguments."""
    root = RecordingParser(prog="windvane")
    commands = root.add_subparsers()
    for name in COMMANDS:
        importlib.import_module(f"windvane.cli.{name.replace('-', '_')}").add_parser(commands)
    lines = [
        "# The command line",
        "",
        (
            "Every command of `windvane` and its arguments. `windvane COMMAND --help` prints the same. The exit status is 0, 2 for "
            "what the user can mend, 75 for a database that cannot be reached, and 1 for what is our fault."
        ),
    ]
    for command in root.commands:
        lines += _command(command, "##")
    return "\n".join([*lines, ""])


def _command(command: RecordingParser, level: str) -> list[str]:
    told = _prose(command.description or "")
    lines = ["", f"{level} {command.prog}", "", told[:1].upper() + told[1:]]
    if command.arguments:
        lines += ["", "| argument | meaning |", "|---|---|"]
        lines += [_argument(names, options) for names, options in command.arguments]
    if example := example_of(command.prog.partition(" ")[2]):
        lines += ["", "```sh", example, "```"]
    for one in command.commands:
        lines += _command(one, f"{level}#")
    return lines


def _argument(names: Sequence[str], options: dict[str, Any]) -> str:
    spelled = ", ".join(names)
    if names[0].startswith("-"):
        if options.get("action") not in ("store_true", "store_false"):
            default = names[0].lstrip("-").replace("-", "_").upper()
            spelled += f" {options.get('metavar', default)}"
    else:
        spelled = str(options.get("metavar", names[0]))
    required = " (required)" if options.get("required") else ""
    told = str(options.get("help", "")).replace("%%", "%")
    told = told.replace("%(default)s", str(options.get("default")))
    spelled = spelled.replace("|", "\\|")
    return f"| `{spelled}`{required} | {_cell(told)} |"


@dataclass
class Docstring:
    """A docstring by its parts.

    text       paragraphs
    entries    parameters, `raises` and the like, with what they are
    """

    text: str
    entries: list[tuple[str, str]] = field(default_factory=list)

    @classmethod
    def of(cls, documented: Any) -> Docstring:
        prose: list[str] = []
        entries: list[tuple[str, str]] = []
        for line in (inspect.getdoc(documented) or "").splitlines():
            begins = _ENTRY.match(line)
            if begins:
                entries.append((begins[1], begins[2] or ""))
            elif entries and line.startswith(" "):
                name, told = entries.pop()
                entries.append((name, f"{told} {line.strip()}".strip()))
            else:
                prose.append(line)
        return cls("\n".join(prose).strip(), entries)


def python_page() -> str:
    """Return the page of the public classes of the library."""
    lines = [
        "# The Python library",
        "",
        (
            "The engine without a server. `from windvane import AutoML, AutoForecast`; for scikit-learn, `AutoMLClassifier` and `AutoMLRegressor` ([page](scikit-learn.md)); errors are in `windvane.errors`. "
            "What the parameters do to a search is in [engine.md](engine.md), forecasts are in [forecasting.md](forecasting.md)."
        ),
    ]
    for name in sorted(set(windvane.__all__) - {"__version__"}, reverse=True):
        public = getattr(windvane, name)
        lines += ["", f"## {name}", "", "```python", _signature(name, public.__init__), "```", ""]
        lines += _docstring(public)
        for method, member in vars(public).items():
            if method.startswith("_"):
                continue
            function = getattr(member, "__func__", member)
            heading = ["", f"### {name}.{method}", ""]
            if isinstance(member, property):
                function = member.fget
                lines += heading
            elif not inspect.isfunction(function):
                continue  # scikit-learn adds what passes requests for metadata on
            else:
                lines += [*heading, "```python", _signature(method, function), "```", ""]
            lines += _docstring(function)
    return "\n".join([*lines, ""])


def _signature(name: str, function: Any) -> str:
    spelled: list[str] = []
    for one in inspect.signature(function).parameters.values():
        if one.name in ("self", "cls"):
            continue
        if one.kind is inspect.Parameter.KEYWORD_ONLY and "*" not in spelled:
            spelled.append("*")
        spelled.append(_parameter(one))
    whole = f"{name}({', '.join(spelled)})"
    if len(whole) <= 100:
        return whole
    return "\n".join([f"{name}(", *(f"    {one}," for one in spelled), ")"])


def _parameter(one: inspect.Parameter) -> str:
    if one.default is inspect.Parameter.empty:
        return f"{one.name}: {one.annotation}"
    default = "..." if callable(one.default) else repr(one.default)
    return f"{one.name}: {one.annotation} = {default}"


def _docstring(documented: Any) -> list[str]:
    read = Docstring.of(documented)
    lines = [_prose(read.text)]
    if read.entries:
        lines += ["", "| name | meaning |", "|---|---|"]
        lines += [f"| `{name}` | {_cell(told)} |" for name, told in read.entries]
    return lines


def _prose(text: str) -> str:
    """Return paragraphs as Markdown; indented blocks stay as they are."""
    return inspect.cleandoc(text).replace("<", "&lt;")


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


PAGE_OF = {
    "cli.md": cli_page,
    "errors.md": errors_page,
    "python.md": python_page,
    "windvane.1": manual_page,
}


def main() -> None:
    for name, page in PAGE_OF.items():
        (PAGES / name).write_text(page())


if __name__ == "__main__":
    main()
