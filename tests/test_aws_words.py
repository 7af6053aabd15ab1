"""AWS's words for an AutoML job end in `api`: whoever works on one reads its JobSpec (domain/jobspec.py)."""

import ast
from functools import cache
from pathlib import Path

import pytest

from windvane.wire.model import load_service

PACKAGE = Path(__file__).parents[1] / "windvane"
ROOMS = ("artifacts", "control", "domain", "engine", "process", "serving", "store", "work")
EXCEPTIONS = {
    "control/alarms/rules.py": "metrics of CloudWatch have a name, too",
    "domain/events.py": "events are answers of their own, in the words of EventBridge",
    "engine/definitions/shipped/autopilot_run/server.py": "a client of the API, which notebooks run",
    "store/bodies/automl_job.py": "reads what earlier versions of Windvane wrote",
}
OTHERS = ("TrainingJob", "ProcessingJob", "TransformJob", "Model", "EndpointConfig", "Endpoint")


def members(operation):
    """The names of every member of an operation's input, however deep."""
    found, left = set(), [load_service("sagemaker").operation(operation).input_shape]
    while left:
        shape = left.pop()
        if shape.type_name == "structure":
            left += [inner for name, inner in shape.members.items() if name not in found]
            found |= set(shape.members)
        elif shape.type_name == "list":
            left.append(shape.member)
    return found


@cache
def own_names():
    """Of AutoML jobs alone."""
    shared = set().union(*(members(f"Create{other}") for other in OTHERS))
    return (members("CreateAutoMLJob") | members("CreateAutoMLJobV2")) - shared


@cache
def nodes_of(file):
    return list(ast.walk(ast.parse(file.read_text())))


def words_of(file):
    for node in nodes_of(file):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from node.value.split(".")


@pytest.mark.parametrize("room", ROOMS)
def test_no_other_room_knows_a_member_of_an_automl_job(room):
    names = own_names()
    assert {"TargetAttributeName", "AutoMLJobConfig", "CompletionCriteria"} <= names
    told = {
        f"{file.relative_to(PACKAGE)}: {word}"
        for file in (PACKAGE / room).rglob("*.py")
        if str(file.relative_to(PACKAGE)) not in EXCEPTIONS
        for word in words_of(file)
        if word in names
    }
    assert told == set()


@pytest.mark.parametrize("room", [*ROOMS, "console", "cli", "events"])
def test_nothing_but_api_reads_what_the_client_sent(room):
    """`AutoMLJob.echo` is for Describe to repeat."""
    assert [
        file
        for file in (PACKAGE / room).rglob("*.py")
        for node in nodes_of(file)
        if isinstance(node, ast.Attribute)
        and node.attr == "members"
        and isinstance(node.value, ast.Attribute)
        and node.value.attr == "echo"
    ] == []
