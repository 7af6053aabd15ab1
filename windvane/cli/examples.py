"""An example of every command, which `--help`, the manual page and docs/cli.md show."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping

EXAMPLES: Mapping[str, str] = {
    "serve": "--data-dir ./windvane-data",
    "host": "--data-dir ./host-data --config windvane.toml",
    "cluster up": "--data-dir ./cluster --config windvane.toml",
    "cluster join": "--data-dir ./cluster --config windvane.toml --cpus 4",
    "cluster node": "--data-dir ./cluster --config windvane.toml",
    "cluster down": "--data-dir ./cluster",
    "cluster status": "--config windvane.toml",
    "env": "--data-dir ./windvane-data",
    "login": "--data-dir ./windvane-data",
    "keys list": "--data-dir ./windvane-data",
    "keys rotate": "--data-dir ./windvane-data",
    "keys retire": "--data-dir ./windvane-data",
    "token": "--endpoint bank --hours 1",
    "tls": "--data-dir ./windvane-data --host ml.example.com",
    "report": "--data-dir ./windvane-data --job bank --candidate bank-003-1c2d3e4f",
    "events": "bank --data-dir ./windvane-data --follow",
    "audit": "--data-dir ./windvane-data --since 7d --refused",
    "automl": "train.csv --target y --max-runtime 60 --out ./bank",
    "forecast": "./bank/model --out forecast.csv",
    "explain": "./bank --candidate 3",
    "export": "./bank/model --scoring-script ./bank-scoring",
    "mlflow": "./bank --tracking-uri http://localhost:5000",
    "backup": "./backup.tar --data-dir ./windvane-data",
    "restore": "./backup.tar --data-dir ./new-data",
    "check": "--data-dir ./windvane-data",
    "import-objects": "--data-dir ./windvane-data",
    "doctor": "--data-dir ./windvane-data --config windvane.toml",
    "completion": "bash",
}
"""Command -> arguments that it takes."""

_BEGINNING = "example:\n"


class _Formatter(argparse.HelpFormatter):
    """Leaves the line of an example as it is: broken in two, it could not be pasted."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        if text.startswith(_BEGINNING):
            return text
        return super()._fill_text(text, width, indent)


def add_examples(parser: argparse.ArgumentParser) -> None:
    """Give every command of a parser its example."""
    for words, command in commands_of(parser):
        if example := example_of(words):
            command.formatter_class = _Formatter
            command.epilog = f"{_BEGINNING}  {example}"


def example_of(words: str) -> str:
    """Return the line that calls a command; "" for one that is called with a command below it."""
    arguments = EXAMPLES.get(words)
    return f"windvane {words} {arguments}" if arguments else ""


def commands_of(
    parser: argparse.ArgumentParser, above: str = ""
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Yield every command below a parser, with the words that call it."""
    for action in parser._actions:  # noqa: SLF001 - argparse tells it in no other way
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - as above
            for name, command in action.choices.items():
                words = f"{above} {name}".strip()
                yield words, command
                yield from commands_of(command, words)
