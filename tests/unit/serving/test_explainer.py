"""The process that explains one row, and what a model process tells of its model."""

import json
import subprocess
import sys

import pytest
from unit.engine.explain.made_up import COLOUR, DAY, HOSTILE, packaged

from windvane.domain.problem import ProblemType
from windvane.engine.data.sketch import read_sketch, sketch_to_json
from windvane.engine.manifest import write_json, write_manifest
from windvane.process.frames import FrameBuffer, pack
from windvane.serving.explainer import answer
from windvane.serving.model import LocalContainer, load_model

ROW = {HOSTILE: "1.5", "b": "-0.5", COLOUR: "red", DAY: "2020-01-05", "nothing": ""}
KEYS = {"SAGEMAKER_INFERENCE_OUTPUT": "predicted_label,probabilities"}


def with_sketch(made):
    """As the engine assembles packages: the transformers know the columns of the table."""
    transformers = made.packages / "transformers"
    write_json(transformers / "sketch.json", sketch_to_json(read_sketch(made.dataset)))
    write_manifest(transformers, "transformers", {"recipes": [], "table": ""})
    return made


@pytest.fixture(scope="module")
def binary(tmp_path_factory):
    made = packaged(tmp_path_factory.mktemp("binary"), ProblemType.BINARY, ["lightgbm"])
    return with_sketch(made).packages


@pytest.fixture(scope="module")
def classes(tmp_path_factory):
    names = ["lightgbm", "linear-learner"]
    made = packaged(tmp_path_factory.mktemp("classes"), ProblemType.MULTICLASS, names)
    return with_sketch(made).packages


@pytest.fixture(scope="module")
def values(tmp_path_factory):
    made = packaged(tmp_path_factory.mktemp("values"), ProblemType.REGRESSION, ["linear-learner"])
    return made.packages


def request(folder, row=ROW, *, label="", content_type="application/json", budget_s=20):
    body = row.encode() if isinstance(row, str) else json.dumps([row]).encode()
    containers = [{"environment": {}, "folder": str(folder)}]
    header = {"spec": {"memory_mb": 4096, "containers": containers}, "budget_s": budget_s}
    return header | {"ask": "explain", "content_type": content_type, "label": label}, body


def asked(*arguments, **options):
    frames = FrameBuffer()
    frames.feed(answer(request(*arguments, **options)))
    header, body = frames.next_frame()
    return header, json.loads(body) if body else None


def total(told, of="contribution"):
    return sum(one[of] for one in told["contributions"])


def test_of_two_classes_the_predicted_labels_probability_is_explained_exactly(binary):
    header, told = asked(binary)
    assert header["status"] == 200
    assert told["label"] == told["explained_label"] == "$yes$"
    chances = dict(told["probabilities"])
    assert sum(chances.values()) == pytest.approx(1)
    assert told["answer"] == pytest.approx(chances["$yes$"], abs=1e-5)
    assert told["expected"] + total(told) == pytest.approx(told["answer"])
    assert told["expected_margin"] + total(told, "margin") == pytest.approx(told["margin"])
    assert (told["is_exact"], told["baseline"], told["method"]) == (True, "trees", "exact TreeSHAP")
    assert {one["error"] for one in told["contributions"]} == {0.0}
    assert [one["column"] for one in told["contributions"]] == [
        HOSTILE,
        "b",
        COLOUR,
        DAY,
        "nothing",
    ]
    assert [one["cell"] for one in told["contributions"]] == list(ROW.values())


def test_the_other_label_can_be_asked_for_and_is_the_opposite(binary):
    _, one = asked(binary)
    _, other = asked(binary, label="no")
    assert other["explained_label"] == "no"
    assert other["label"] == "$yes$"
    assert total(other) == pytest.approx(-total(one), abs=1e-6)
    assert other["margin"] == pytest.approx(-one["margin"])


def test_of_more_classes_contributions_are_sampled_with_their_errors(classes):
    _, told = asked(classes)
    assert told["margin_scale"] == "centred log-probability"
    assert (told["scale"], told["is_exact"], told["baseline"]) == ("probability", False, "drawn")
    assert told["expected"] + total(told) == pytest.approx(told["answer"])
    assert told["answer"] == pytest.approx(dict(told["probabilities"])[told["label"]], abs=1e-3)
    assert any(one["error"] > 0 for one in told["contributions"])
    assert told["expected_error"] > 0


def test_of_a_value_they_add_up_to_it_and_packages_without_a_sketch_do(values):
    _, told = asked(values)
    assert (told["label"], told["explained_label"], told["scale"]) == (None, None, "value")
    assert told["probabilities"] == []
    assert told["expected"] + total(told) == pytest.approx(told["value"])
    assert told["baseline"] == "missing"


@pytest.mark.parametrize(
    ("row", "options", "says"),
    [
        ({"b": "x"}, {}, "Row 1, column 'b': 'x' cannot be read as a number"),
        ({"c": "1"}, {}, "Row 1 has a column 'c' that the model does not take."),
        ("1,2\n", {"content_type": "text/csv"}, "Row 1 has 2 values."),
        (",,,,,\n,,,,,\n", {"content_type": "text/csv"}, "One row is explained at a time"),
        (ROW, {"label": "maybe"}, "The model has no label 'maybe'. It has: no, $yes$."),
    ],
)
def test_a_row_or_label_that_the_model_does_not_take_is_refused(binary, row, options, says):
    header, body = asked(binary, row, **options)
    assert (header["status"], header["container"], body) == (400, "primary", None)
    assert says in header["message"]


def test_a_value_has_no_label_and_too_little_time_is_told(values):
    assert "has no labels" in asked(values, label="yes")[0]["message"]
    header, _ = asked(values, budget_s=0)
    assert (header["status"], header["message"]) == (
        500,
        "The time limit was too short to explain a row.",
    )


def test_labelled_rows_are_evaluated_by_the_same_process(binary):
    header, _ = request(binary)
    frames = FrameBuffer()
    frames.feed(answer((header | {"ask": "evaluate"}, b"y,b\nno,1.5\n$yes$,-2\n,1\n")))
    told, body = frames.next_frame()
    assert (told["status"], json.loads(body)["n_evaluated"]) == (200, 2)
    frames.feed(answer((header | {"ask": "evaluate"}, b"b\n1\n")))
    told, _ = frames.next_frame()
    assert (told["status"], "the target 'y'" in told["message"]) == (400, True)


def test_artefacts_that_cannot_be_loaded_are_told(tmp_path):
    assert "transformers/manifest.json is missing" in asked(tmp_path)[0]["failed"]


def test_the_process_answers_on_its_standard_output_alone(binary):
    done = subprocess.run(
        [sys.executable, "-m", "windvane.serving.explainer"],
        input=pack(*request(binary)),
        capture_output=True,
        check=True,
        timeout=120,
    )
    frames = FrameBuffer()
    frames.feed(done.stdout)
    header, body = frames.next_frame()
    assert header["status"] == 200
    assert json.loads(body) == asked(binary)[1]
    assert frames.next_frame() is None


def test_half_a_request_is_no_request():
    done = subprocess.run(
        [sys.executable, "-m", "windvane.serving.explainer"],
        input=pack({}, b"abc")[:-1],
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stdout) == (2, b"")


def test_a_model_tells_what_it_takes_and_gives(binary):
    model = load_model([LocalContainer(KEYS, binary)])
    told = json.loads(json.dumps(model.describe()))
    assert [column["name"] for column in told["columns"]] == [
        "row id",
        HOSTILE,
        "b",
        COLOUR,
        DAY,
        "nothing",
    ]
    assert (told["target"], told["problem_type"]) == ("y", "BinaryClassification")
    assert told["labels"] == ["no", "$yes$"]
    assert told["responses"] == ["predicted_label", "probabilities"]
    identifier, number, _, colour, day, _ = told["columns"]
    assert (identifier["is_used"], identifier["typical"]) == (False, "")
    assert (number["is_used"], number["type"], number["has_missing"]) == (True, "numeric", True)
    assert float(number["least"]) < float(number["typical"]) < float(number["most"])
    assert sorted(colour["values"]) == ["blue", "green", "red"]
    assert colour["n_values"] == 3
    assert colour["typical"] == colour["values"][0]
    assert day["format"] == "%Y-%m-%d"
    assert day["least"] < day["typical"] < day["most"]
    assert told["has_typical_row"]


def test_the_typical_row_is_one_that_the_model_answers(binary):
    model = load_model([LocalContainer(KEYS, binary)])
    cells = [column["typical"] for column in model.describe()["columns"]]
    row = json.dumps([cells]).encode()
    assert model.answer(row, "application/json", "text/csv")[0]


def test_a_model_of_an_earlier_version_knows_its_columns_and_nothing_typical(values):
    told = load_model([LocalContainer({}, values)]).describe()
    assert not told["has_typical_row"]
    assert told["responses"] == ["score"]
    assert {column["typical"] for column in told["columns"]} == {""}
    assert [column["type"] for column in told["columns"]][:2] == ["identifier", "numeric"]
