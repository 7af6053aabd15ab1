"""Requests as code: literals only, and no secret."""

import ast
import shlex
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from windvane.console.trying.invoking import InvokeRequest, snippets

HOSTILE = [
    "$(touch /tmp/x)`id`",
    "'; rm -rf / #",
    '"""\nimport os',
    "\\x41\\",
    "a\nb",
    "--version",
    "@/etc/passwd",
    "\u202e",
]


def code(name, **changes):
    asked = InvokeRequest(
        **{"url": "http://h:1", "region": "r", "endpoint": "e", "body": "1,2"} | changes
    )
    return next(one.code for one in snippets(asked) if one.name == name)


def words_of_curl(command):
    """The words that a shell hands to curl."""
    script = 'curl() { printf "%s\\0" "$@"; }\n' + command
    done = subprocess.run(["sh", "-c", script], capture_output=True, check=True)
    return done.stdout.decode().split("\0")[:-1]


def python_calls(text):
    """Keyword arguments of the calls in it, as the literals that they are."""
    calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
    return {
        word.arg: word.value for call in calls for word in call.keywords if word.arg is not None
    }


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60))
def test_any_row_is_one_word_of_the_shell_and_one_literal_of_python(body):
    if all(one.isprintable() or one in "\n\t" for one in body):
        words = words_of_curl(code("curl", body=body))
        assert words[words.index("--data-raw") + 1] == body
        written = shlex.split(code("AWS CLI, any version", body=body).partition(" > ")[0])
        assert body in ("".join(written[2:]), written[-1])
    call = python_calls(code("boto3", body=body))["Body"]
    assert ast.literal_eval(call.func.value) == body


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_stay_literals(text):
    words = shlex.split(code("curl", variant=text, region=text, url=f"http://{text}"))
    assert f"X-Amzn-SageMaker-Target-Variant: {text}" in words
    arguments = python_calls(code("boto3", endpoint=text, variant=text))
    assert ast.literal_eval(arguments["EndpointName"]) == text
    assert ast.literal_eval(arguments["TargetVariant"]) == text
    words = shlex.split(code("AWS CLI, any version", endpoint=text, variant=text))
    assert words[words.index("--endpoint-name") + 1] == text


def test_keys_are_taken_from_the_environment():
    asked = InvokeRequest("https://h", "us-east-1", "e", "1", has_session_token=True)
    curl = snippets(asked)[0].code
    assert '--user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY"' in curl
    assert '-H "X-Amz-Security-Token: $AWS_SESSION_TOKEN"' in curl
    assert '--cacert "$AWS_CA_BUNDLE"' in curl
    assert "aws:amz:us-east-1:sagemaker" in curl


def test_many_rows_are_read_from_a_file():
    made = snippets(InvokeRequest("http://h", "r", "e", "1,2\n" * 2_000))
    assert [one.name for one in made] == ["curl", "boto3", "AWS CLI, any version"]
    assert all("rows.csv" in one.code and "1,2" not in one.code for one in made)
    assert all("rows.csv" in one.note for one in made)


@pytest.mark.parametrize("body", ["file:///etc/passwd", "fileb://x"])
def test_a_row_that_the_command_line_would_read_as_a_file_is_not_given_to_it(body):
    assert len(snippets(InvokeRequest("http://h", "r", "e", body))) == 3
