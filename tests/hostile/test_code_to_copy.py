"""Attacks by the code that pages show: it is copied, and run with the rights of whoever looks at them."""

from __future__ import annotations

import ast
import shlex

from unit.audit.records import ACCOUNT, a_caller

from windvane.console.job.first import first_job

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
