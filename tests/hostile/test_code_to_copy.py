"""Attacks by the code that pages show: it is copied, and run with the rights of whoever looks at them."""

from __future__ import annotations

import ast
import shlex

import pytest
from unit.audit.records import ACCOUNT, a_caller

from windvane.console.job.first_job import first_job
from windvane.console.job_form.draft import Draft
from windvane.console.trying.invoking import InvokeRequest, snippets

_ROLE = f"arn:aws:iam::{ACCOUNT}:role/\"$(touch${{IFS}}x)`x`'+{{0}}/jobs"
"""Paths of roles are of any signs but blanks."""


def test_no_role_is_code_where_a_first_job_is_shown() -> None:
    """The page without jobs proposes a role that may be passed, as it is called: whoever may create roles had others run
    commands of theirs."""
    code = first_job(a_caller(), (_ROLE,))
    words = shlex.split(code.shell)
    assert words[words.index("--role-arn") + 1 :] == [_ROLE]
    call = ast.parse(code.python).body[-1]
    assert isinstance(call, ast.Expr)
    assert isinstance(call.value, ast.Call)
    roles = [one.value for one in call.value.keywords if one.arg == "RoleArn"]
    assert [ast.literal_eval(role) for role in roles] == [_ROLE]


@pytest.mark.parametrize(
    "steering", ["\x03", "\x1b[201~", "\x15", "\r", "\x9b", "\u202e", "\u2028"]
)
def test_no_cell_is_a_command_where_an_endpoint_is_tried(steering: str) -> None:
    """The typical row of a model stood in commands as it was: Ctrl-C in a cell ends the command that it is pasted with,
    between quotes too, and what stood behind it was run."""
    cell = f"red{steering}\ntouch x #"
    made = {
        one.name: one for one in snippets(InvokeRequest("http://h:1", "r", "e", f'"{cell}",1\n'))
    }
    assert not any(steering in one.code for one in made.values())
    assert "rows.csv" in made["curl"].code
    assert "rows.csv" in made["curl"].note
    assert "touch" not in made["curl"].code
    assert "AWS CLI 2, in one command" not in made
    assert "rows.csv" not in made["boto3"].code
    call = ast.parse(made["boto3"].code).body[-2]
    assert isinstance(call, ast.Assign)
    assert cell in [one.value for one in ast.walk(call) if isinstance(one, ast.Constant)][-1]


def test_no_folder_of_data_is_a_command_where_a_job_is_begun() -> None:
    uri = f"s3://sagemaker-us-east-1-{ACCOUNT}/console/uploads/a\x03\ntouch x #/t.csv"
    draft = Draft(uri=uri, target="y", choices={"a": "numeric"}, columns=("a",))
    specification = draft.specification(a_caller())
    assert specification is not None
    assert specification.uri.isprintable()
