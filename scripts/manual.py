"""The manual page of the command line, windvane(1), made of the parsers: see scripts/reference.py.

source    man-pages(7), groff_man(7)
"""

from __future__ import annotations

from windvane.cli.command_tree import Argument, Command, command_tree
from windvane.cli.examples import example_of
from windvane.cli.main import make_parser

_STATUS = (
    ("0", "Success."),
    ("1", "A fault of Windvane itself."),
    ("2", "A fault that the user can mend: one sentence says how."),
)


def manual_page() -> str:
    """Return the page in the language of troff's man macros."""
    root = command_tree(make_parser())
    lines = ['.TH WINDVANE 1 "" Windvane "User Commands"', ".SH NAME"]
    lines += [f"windvane \\- {_text(root.description)}", ".SH SYNOPSIS"]
    for command in root.commands:
        lines += [f".B windvane {_text(command.words[0])}", "[\\fIarguments\\fR]", ".br"]
    lines += [
        ".SH DESCRIPTION",
        _line("Every command tells its arguments with --help."),
        ".SH COMMANDS",
    ]
    for command in root.all():
        if command.words:
            lines += _command(command)
    lines.append(".SH EXIT STATUS")
    for status, told in _STATUS:
        lines += [".TP", f".B {status}", _line(told)]
    lines += [".SH SEE ALSO", _line("The documentation, which a server has at /docs/."), ""]
    return "\n".join(lines)


def _command(command: Command) -> list[str]:
    told = (command.description or command.help).partition("`: ")[2] or command.description
    lines = [f'.SS "windvane {_text(" ".join(command.words))}"', _line(told[:1].upper() + told[1:])]
    for argument in command.arguments:
        lines += [".TP", _spelled(argument)]
        required = "Required: " if argument.names and argument.is_required else ""
        lines.append(_line(f"{required}{argument.help}" or "-"))
    if example := example_of(" ".join(command.words)):
        lines += [".PP", "Example:", ".PP", ".EX", f"\\&  {_text(example)}", ".EE"]
    return lines


def _spelled(argument: Argument) -> str:
    names = ", ".join(f"\\fB{_text(name)}\\fR" for name in argument.names)
    shown = f"\\fI{_text(argument.shown)}\\fR" if argument.shown else ""
    return " ".join(part for part in (names, shown) if part)


def _line(text: str) -> str:
    """Return the text as a line of its own, which no full stop or apostrophe at its start makes a request."""
    return f"\\&{_text(text)}"


def _text(text: str) -> str:
    return text.replace("\\", "\\e").replace("-", "\\-").replace("`", "\\(ga").replace("'", "\\(aq")
