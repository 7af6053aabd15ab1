"""`windvane completion`: prints a script with which a shell completes commands, options, files and values."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from windvane.cli.command_tree import Argument, Command, Value, command_tree
from windvane.cli.main import make_parser


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "completion",
        help="print a script that completes this command line in a shell",
        description=__doc__,
    )
    parser.add_argument(
        "shell", choices=tuple(SCRIPT_OF), metavar="SHELL", help="bash, zsh or fish"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    print(SCRIPT_OF[arguments.shell](command_tree(make_parser())), end="")
    return 0


def bash(root: Command) -> str:
    """Return the script for bash: source <(windvane completion bash)"""
    lines = ["_windvane() {", *_BASH_PLACE, f'            {_steps(root)}) at+=" $word" ;;']
    lines += ["        esac", "    done", '    case "$at $before" in']
    for place, argument in _valued(root):
        lines.append(f"        {_patterns(place, argument)}) {_bash_value(argument)}; return ;;")
    lines += ["    esac", '    case "$at" in']
    for command in root.all():
        words = " ".join(name for name, _ in _words(command))
        files = "; _windvane_files -f" if _takes_files(command) else ""
        lines.append(f"        '{_place(command)}') _windvane_words '{words}'{files} ;;")
    return "\n".join([*lines, "    esac", "}", *_BASH_END, ""])


def zsh(root: Command) -> str:
    """Return the script for zsh: source <(windvane completion zsh), or a file _windvane in $fpath."""
    lines = ["#compdef windvane", "_windvane() {", *_ZSH_PLACE]
    lines += [f'            ({_steps(root)}) at+=" $word" ;;', "        esac", "    done"]
    lines.append('    case "$at ${words[CURRENT-1]}" in')
    for place, argument in _valued(root):
        lines.append(f"        ({_patterns(place, argument)}) {_zsh_value(argument)}; return ;;")
    lines += ["    esac", '    case "$at" in']
    for command in root.all():
        found = " ".join(
            _quoted(f"{name}:{told}" if told else name) for name, told in _words(command)
        )
        files = "; _files" if _takes_files(command) else ""
        lines.append(
            f"        ('{_place(command)}') found=({found}); _describe windvane found{files} ;;"
        )
    return "\n".join([*lines, "    esac", "}", *_ZSH_END, ""])


def fish(root: Command) -> str:
    """Return the script for fish: windvane completion fish | source"""
    lines = [*_FISH_PLACE]
    steps = " ".join(f"'{_place(command)}'" for command in root.all() if command.words)
    lines += [f"            case {steps}", *_FISH_PLACE_END, "complete -c windvane -f"]
    for command in root.all():
        begin = f"complete -c windvane -n \"__windvane_at '{_place(command)}'\""
        for below in command.commands:
            lines.append(f"{begin} -a {below.words[-1]} -d {_quoted(below.help)}")
        for argument in command.arguments:
            if argument.names:
                spelled = " ".join(_fish_name(name) for name in argument.names)
                value = _fish_value(argument)
                lines.append(f"{begin} {spelled}{value} -d {_quoted(argument.help)}")
            elif argument.choices:
                lines.append(f"{begin} -a '{' '.join(argument.choices)}'")
            elif argument.value in (Value.FILE, Value.FOLDER):
                lines.append(f"{begin} -F")
    return "\n".join([*lines, ""])


SCRIPT_OF = {"bash": bash, "zsh": zsh, "fish": fish}


def _place(command: Command) -> str:
    return "".join(f" {word}" for word in command.words)


def _steps(root: Command) -> str:
    """Return the pattern of what leads from one command to another."""
    return "|".join(f"'{_place(command)}'" for command in root.all() if command.words)


def _valued(root: Command) -> Iterator[tuple[str, Argument]]:
    """Yield the options that take a value, with where they stand."""
    for command in root.all():
        for argument in command.arguments:
            if argument.names and argument.value is not Value.NOTHING:
                yield _place(command), argument


def _patterns(place: str, argument: Argument) -> str:
    return "|".join(f"'{place} {name}'" for name in argument.names)


def _words(command: Command) -> Iterator[tuple[str, str]]:
    """Yield what may come next, with what it is."""
    for below in command.commands:
        yield below.words[-1], below.help
    for argument in command.arguments:
        for word in argument.names or argument.choices:
            yield word, argument.help if argument.names else ""


def _takes_files(command: Command) -> bool:
    return any(
        not argument.names and argument.value in (Value.FILE, Value.FOLDER)
        for argument in command.arguments
    )


def _quoted(text: str) -> str:
    """Return the text as zsh and fish read it back. fish knows a backslash before a quotation mark, zsh does not, so that
    typographic ones stand for them."""
    return "'" + text.replace("\\", "").replace("'", "’") + "'"


def _bash_value(argument: Argument) -> str:
    if argument.choices:
        return f"_windvane_words '{' '.join(argument.choices)}'"
    return {
        Value.FILE: "_windvane_files -f",
        Value.FOLDER: "_windvane_files -d",
    }.get(argument.value, "true")


def _zsh_value(argument: Argument) -> str:
    if argument.choices:
        return f"compadd {' '.join(argument.choices)}"
    return {Value.FILE: "_files", Value.FOLDER: "_files -/"}.get(argument.value, "true")


def _fish_name(name: str) -> str:
    return f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}"


def _fish_value(argument: Argument) -> str:
    if argument.choices:
        return f" -x -a '{' '.join(argument.choices)}'"
    return {
        Value.NOTHING: "",
        Value.FILE: " -r -F",
        Value.FOLDER: " -x -a '(__fish_complete_directories)'",
    }.get(argument.value, " -x")


_BASH_PLACE = (
    '    local current="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD - 1]}" at="" word i',
    "    COMPREPLY=()",
    "    for ((i = 1; i < COMP_CWORD; i++)); do",
    '        word="${COMP_WORDS[i]}"',
    '        case "$at $word" in',
)
_BASH_END = (
    '_windvane_words() { mapfile -t COMPREPLY < <(compgen -W "$1" -- "$current"); }',
    "_windvane_files() {",
    "    compopt -o filenames 2>/dev/null",
    '    mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen "$1" -- "$current")',
    "}",
    "complete -F _windvane windvane",
)
_ZSH_PLACE = (
    "    local -a found",
    '    local at="" word',
    "    integer i",
    "    for ((i = 2; i < CURRENT; i++)); do",
    '        word="${words[i]}"',
    '        case "$at $word" in',
)
_ZSH_END = (
    'if [[ "${funcstack[1]}" == _windvane ]]; then',
    '    _windvane "$@"',
    "else",
    "    compdef _windvane windvane",
    "fi",
)
_FISH_PLACE = (
    "function __windvane_at",
    "    set -l at ''",
    "    for word in (commandline -opc)[2..-1]",
    '        switch "$at $word"',
)
_FISH_PLACE_END = (
    '                set at "$at $word"',
    "        end",
    "    end",
    '    test "$at" = "$argv[1]"',
    "end",
)
