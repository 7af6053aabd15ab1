"""Makes docs/errors.md: every error that a user meets, in the words of the code, with what to do (scripts/remedies.py)."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterable
from pathlib import Path

from scripts.remedies import OPERATIONS, REASONS, S3, STARTING, Reason
from windvane.notes.sentences import sentence
from windvane.wire.faults import TABLE, Dialect
from windvane.wire.s3.refusals import CODES

_WORD = re.compile(r"[a-z]{2,}")

PACKAGE = Path(__file__).resolve().parents[1] / "windvane"

_HEAD = """# Errors and what to do

What Windvane says when something does not work, what it means, and what helps. Every message also names the file, row, column,
parameter or setting in question.

| where you see it | look at |
|---|---|
| a job is `Failed`, or a red line on its page | [the data of a job](#the-data-of-a-job), [the end of a job](#the-end-of-a-job) |
| a job is `Completed`, and a report is missing | [what a finished job lacks](#what-a-finished-job-lacks) |
| a candidate failed or was stopped early | [why a candidate fails](#why-a-candidate-fails) |
| a note on the leaderboard | [remarks on a candidate](#remarks-on-a-candidate) |
| an endpoint is `Failed` | [endpoints and step jobs](#endpoints-and-step-jobs) |
| a client raises `ClientError` | [errors of operations](#errors-of-operations), [errors of S3](#errors-of-s3) |
| the server does not start, a command ends with 2 | [settings and commands](#settings-and-commands) |
| Python raises `windvane.errors...` | [exceptions in Python](#exceptions-in-python) |

If nothing here helps: the [log](logs.md) of the job or the server has every step.
"""

_FURTHER = """Further sentences, mostly of [forecasts](forecasting.md), say themselves what would be right. A `…` stands for what is in your
data:
"""

_OPERATIONS = """## Errors of operations

The code is in `error.response["Error"]["Code"]` of boto3. Services of AWS have different names for the same thing; the names in
one row mean the same. `InternalFailure` (`InternalError` of S3) with status 500 is a fault of Windvane: the server's log has the
request ID.

| code | what it means | what to do |
|---|---|---|"""

_S3 = """## Errors of S3

| what to do | codes |
|---|---|"""

_STARTING = """## Settings and commands

A command ends with status 2 and one sentence for what you can mend, with 75 if the database cannot be reached, with 1 for a fault of
Windvane, and with 130 if it was interrupted. A server that cannot start says so in the same way.

| kind | what it means | what to do |
|---|---|---|"""

_PYTHON = """## Exceptions in Python

`AutoML` and `AutoForecast` raise these, all of them subclasses of `windvane.errors.WindvaneError`.

| exception | when | what to do |
|---|---|---|
| `InvalidRequest` | a parameter is wrong, or a file or column is missing | the message names the parameter |
| `DataFault` | the data cannot be used | [the data of a job](#the-data-of-a-job) |
| `JobFault` | no model came about | [the end of a job](#the-end-of-a-job) |
| `CandidateFault`, `OutOfTime`, `OutOfMemory`, `Outclassed` | a candidate, trained by itself, failed | \
[why a candidate fails](#why-a-candidate-fails) |
| `CorruptArtifact` | a saved model is damaged | copy the folder again: nothing of it was loaded |
"""


def errors_page() -> str:
    """Return the page of errors."""
    parts = [_HEAD]
    for section in REASONS:
        parts.append(f"## {section.title}\n\n{section.told}\n")
        parts.append("| what it says | what to do |\n|---|---|")
        parts += [_reason(row) for row in section.rows]
        parts.append("")
        if section is REASONS[0]:
            parts += [_FURTHER, *_listed("DataFault"), ""]
    parts += [_OPERATIONS, *_operations(), ""]
    parts += [_S3, *(f"| {remedy} | {_quoted(codes.split())} |" for remedy, codes in S3), ""]
    named = sorted(STARTING.items())
    parts += [_STARTING, *(f"| `{kind}` | {means} | {do} |" for kind, (means, do) in named), ""]
    parts += ["What is said of settings (`BadSettings`):", "", *_listed("BadSettings"), ""]
    return "\n".join([*parts, _PYTHON])


def _reason(row: Reason) -> str:
    told = _escaped(sentence(row.note))
    return f'| <a id="{row.code.value}"></a>{told} | {row.remedy} |'


def _operations() -> Iterable[str]:
    for kind, faults in TABLE.items():
        codes = [faults[dialect].code for dialect in Dialect if dialect is not Dialect.S3]
        if faults[Dialect.S3].code not in CODES:
            codes.append(faults[Dialect.S3].code)
        means = " ".join((inspect.getdoc(kind) or "").split("\n\n")[0].split())
        yield f"| {_quoted(dict.fromkeys(codes))} | {means} | {OPERATIONS[kind]} |"


def _listed(kind: str) -> list[str]:
    return [f"- {_escaped(text)}" for text in texts_of(kind)]


def texts_of(kind: str) -> list[str]:
    """Return what errors of a class say that are raised with a text of their own, with `…` for what is filled in."""
    sources = (path.read_text() for path in sorted(PACKAGE.rglob("*.py")))
    found = {
        _template(node.args[0])
        for source in sources
        if f"{kind}(" in source
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == kind
        and node.args
    }
    return sorted(text for text in found if len(_WORD.findall(text)) > 2)


def _template(node: ast.expr) -> str:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(map(_template, parts))
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _template(left) + _template(right)
    return "…"


def _escaped(text: str) -> str:
    return "".join(f"\\{one}" if one in "[]<>*_`|" else one for one in text)


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
