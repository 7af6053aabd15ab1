"""Long inputs get the answers that an endpoint gives to the same rows; and filters, joins, limits."""

import csv
import io
import json
import time

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from windvane.domain.jsonpath import read_path
from windvane.domain.problem import MetricName, ProblemSpec, ProblemType
from windvane.engine import stages
from windvane.engine.candidates import Plan
from windvane.engine.data.analysis import ReadOptions, SourceFile
from windvane.engine.learners.catalogue import learner
from windvane.engine.packages.package import Predictions
from windvane.errors import InvalidRequest
from windvane.serving import batch
from windvane.serving.answers import Key, Selection, write_answer
from windvane.serving.batch import BatchRequest, transform
from windvane.serving.batch_output import write_csv
from windvane.serving.content_types import CSV, JSON, JSON_LINES
from windvane.serving.model import LocalContainer, load_model

BODY = b'80,"the ""boss"""\n20,clerk\n,"a, b"\n45,x\n'


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A model of one container."""
    made = tmp_path_factory.mktemp("job")
    random = np.random.default_rng(0)
    rows = [["age", "job", "y"]]
    for _ in range(200):
        age = int(random.integers(18, 90))
        job = random.choice(["clerk", "a, b", 'the "boss"'])
        rows.append([age, job, "yes" if age > 50 else "no"])
    with (made / "table.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    problem = ProblemSpec("y", ProblemType.BINARY, MetricName.F1)
    source = SourceFile(made / "table.csv", "table.csv")
    dataset, features, out = made / "dataset", made / "features", made / "out"
    stages.analyse([source], ReadOptions(scratch=made, min_rows=20), problem, dataset)
    recipe = learner("lightgbm").recipes[0]
    stages.fit_features(dataset, recipe, features)
    plan = Plan(1, recipe, "lightgbm", {"num_iterations": 20, "learning_rate": 0.3}, 0)
    stages.train(dataset, features, plan, stages.TrainLimits(time.time() + 60), made / "1")
    stages.assemble(dataset, {recipe: features}, {1: made / "1"}, 1, out)
    return out


@pytest.fixture(scope="module")
def model(folder):
    return model_of(folder, "predicted_label,probability")


def model_of(folder, keys):
    return load_model([LocalContainer({"SAGEMAKER_INFERENCE_OUTPUT": keys}, folder)])


def answer(model, body, content=CSV, accept=CSV, **options):
    request = BatchRequest(content, accept, **options)
    return b"".join(transform(model, request, io.BytesIO(body).read))


def refusal(model, body, content=CSV, accept=CSV, **options):
    with pytest.raises(InvalidRequest) as caught:
        answer(model, body, content, accept, **options)
    return str(caught.value)


numerals = st.one_of(
    st.integers(0, 99).map(str),
    st.floats(0, 100).map(repr),
    st.sampled_from(["", " 7 ", "+3", "1e1", ".5", "4."]),
)
texts = st.one_of(
    st.sampled_from(["clerk", "a, b", 'the "boss"', "", " x", "two\nlines", "ä"]),
    st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=4),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    table=st.lists(st.tuples(numerals, texts), min_size=2, max_size=12),
    accept=st.sampled_from([CSV, JSON_LINES]),
    block=st.integers(1, 60),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_rows_get_the_answers_of_an_endpoint(model, monkeypatch, table, accept, block, quoting):
    out = io.StringIO(newline="")
    csv.writer(out, quoting=quoting).writerows(table)
    body = out.getvalue().encode()
    monkeypatch.setattr(batch, "BLOCK_BYTES", block)
    assert answer(model, body, accept=accept) == model.answer(body, CSV, accept)[0]


@pytest.mark.parametrize("accept", [CSV, JSON, JSON_LINES])
def test_json_lines_get_the_answers_of_an_endpoint(model, accept):
    body = b'[80, "clerk"]\n{"job": "x", "age": 2.50}\n\n{"features": [null, "a"]}'
    assert (
        answer(model, body, JSON_LINES, accept, ends_lines=False)
        == (model.answer(body, JSON_LINES, accept)[0])
    )


@pytest.mark.parametrize("accept", [CSV, JSON, JSON_LINES])
def test_an_object_that_is_not_split_is_one_document(model, accept):
    body = b'{"instances": [[80, "clerk"],\n [2, "x"]]}'
    made = answer(model, body, JSON, accept, splits=False, ends_lines=False)
    assert made == model.answer(body, JSON, accept)[0]


def test_a_document_a_line_has_an_answer_a_line(model):
    made = answer(model, b'[[80, "clerk"], [2, "x"]]\n[3, "x"]\n', JSON, JSON)
    first, second = (json.loads(line)["predictions"] for line in made.splitlines())
    assert [row["predicted_label"] for row in first + second] == ["yes", "no", "no"]
    assert len(first) == 2


def test_documents_of_single_records_or_of_as_many_as_a_payload_has(model):
    together = answer(model, BODY, accept=JSON)
    apart = answer(model, BODY, accept=JSON, is_single=True)
    [document] = map(json.loads, together.splitlines())
    assert [json.loads(line)["predictions"] for line in apart.splitlines()] == (
        [[row] for row in document["predictions"]]
    )
    few = answer(model, BODY, accept=JSON, max_bytes=30)
    documents = [json.loads(line)["predictions"] for line in few.splitlines()]
    assert [row for rows in documents for row in rows] == document["predictions"]
    assert len(documents) > 1
    assert answer(model, BODY, accept=JSON, ends_lines=False) == together.rstrip(b"\n")


def test_a_header_is_data(model):
    told = refusal(model, b"age,job\n80,clerk\n")
    assert told.startswith("Row 1, column 'age': 'age' cannot be read as a number")


def test_input_columns_stand_before_the_answer_as_they_were_written(model):
    own = answer(model, BODY).decode().splitlines()
    made = answer(model, BODY.replace(b"\n", b"\r\n"), joins=True).decode().splitlines()
    given = BODY.decode().splitlines()
    assert made == [f"{line},{answered}" for line, answered in zip(given, own, strict=True)]


def test_filters_choose_columns(model):
    body = b'7,80,"the ""boss"""\n8,20,"a\nb"\n'
    made = answer(
        model,
        body,
        input_filter=read_path("$[1:]"),
        output_filter=read_path("$[0,2,-2]"),
        joins=True,
    )
    rows = list(csv.reader(io.StringIO(made.decode(), newline="")))
    assert rows == [["7", 'the "boss"', "yes"], ["8", "a\nb", "no"]]
    own = answer(model, BODY).decode().splitlines()
    first = answer(model, BODY, output_filter=read_path("$[0]")).decode().splitlines()
    assert first == [line.partition(",")[0] for line in own]


def test_filters_choose_members(model):
    body = b'{"id": 7, "x": {"age": 80, "job": "clerk"}}\n{"id": 8.5, "x": [2, "y"]}\n'
    options = {"input_filter": read_path("$.x"), "joins": True}
    whole = answer(model, body, JSON_LINES, JSON_LINES, **options).splitlines()
    [first, second] = map(json.loads, whole)
    assert first["id"] == 7
    assert first["x"] == {"age": 80, "job": "clerk"}
    assert first["SageMakerOutput"]["predicted_label"] == "yes"
    assert (second["id"], second["SageMakerOutput"]["predicted_label"]) == (8.5, "no")
    part = read_path("$['id','SageMakerOutput']")
    chosen = answer(model, body, JSON_LINES, JSON_LINES, output_filter=part, **options)
    assert set(json.loads(chosen.splitlines()[0])) == {"id", "SageMakerOutput"}


def test_a_record_that_is_no_object_is_joined_beside_its_answer(model):
    made = json.loads(answer(model, b'[80, "x"]', JSON, JSON, joins=True))
    assert made["SageMakerInput"] == [80, "x"]
    [answered] = made["SageMakerOutput"]["predictions"]
    assert answered["predicted_label"] == "yes"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"80,x\nold,x\n", "Row 2, column 'age': 'old' cannot be read as a number"),
        (b"80,x\n\n80,x\n", "Row 2 is blank"),
        (b"80,x\n80,x,yes\n", "Row 2 has 3 values. Leave out the target 'y'"),
        (b"80\n", "Row 1 has 1 values"),
        (b'80,"x"\n"80\n', "Row 2 is not valid CSV"),
        (b"80,\xff\n", "byte 3 is 0xff"),
        (b'80,x\n80,"' + b"y" * 200, "Row 2 has more than 100 bytes"),
    ],
)
@pytest.mark.parametrize("block", [10, 1000])
def test_a_row_at_fault_is_named(model, monkeypatch, body, told, block):
    monkeypatch.setattr(batch, "BLOCK_BYTES", block)
    assert told in refusal(model, body, max_bytes=100)


@pytest.mark.parametrize(
    ("content", "body", "told"),
    [
        (JSON_LINES, b'[80, "x"]\n{', "Row 2 is not valid JSON"),
        (JSON_LINES, b'[80, "x"]\n[80]\n', "Row 2 has 1 values"),
        (JSON_LINES, b'[80, "x"]\n["old", "x"]\n', "Row 2, column 'age'"),
        (JSON_LINES, b"[80, \xff]", "byte 5 is 0xff"),
        (JSON_LINES, b'[80, "' + b"x" * 200, "Row 1 has more than 100 bytes"),
        (JSON, b'[80, "x"]\n[[1, "x"], ["old", "x"]]\n', "Record 2: Row 2, column 'age'"),
        (JSON, b"[]\n", "Record 1 has no rows"),
    ],
)
def test_a_record_at_fault_is_named(model, content, body, told):
    assert told in refusal(model, body, content, content, max_bytes=100)


def test_what_a_filter_does_not_find_is_named(model):
    path = read_path("$[0,5]")
    assert "Row 1 does not fit InputFilter '$[0,5]'" in refusal(model, BODY, input_filter=path)
    told = refusal(model, BODY, output_filter=path, joins=True)
    assert "Row 1 with its answer does not fit OutputFilter '$[0,5]'" in told
    told = refusal(model, b'{"a": 1}', JSON_LINES, JSON_LINES, input_filter=read_path("$.b"))
    assert "Row 1 does not fit InputFilter '$.b': it has no member 'b'" in told


def test_an_object_that_is_not_split_must_fit_into_a_payload(model):
    assert "more than 10 bytes" in refusal(model, BODY, splits=False, max_bytes=10)
    assert answer(model, BODY, splits=False, max_bytes=0) == answer(model, BODY)


@pytest.mark.parametrize("body", [b"", b"\n\n"])
@pytest.mark.parametrize("content", [CSV, JSON_LINES, JSON])
def test_nothing_has_no_answer(model, content, body):
    assert answer(model, body, content, content) == b""


@pytest.mark.parametrize("keys", ["labels,probabilities", "probabilities,predicted_label"])
def test_lists_are_answered_and_joined_too(folder, keys):
    model = model_of(folder, keys)
    assert answer(model, BODY) == model.answer(BODY, CSV, CSV)[0]
    rows = list(csv.reader(io.StringIO(answer(model, BODY, joins=True).decode(), newline="")))
    assert {len(row) for row in rows} == {4}


@given(st.lists(st.text(max_size=3), min_size=2, max_size=2, unique=True), st.data())
def test_csv_is_written_as_the_endpoint_writes_it(labels, data):
    keys = tuple(data.draw(st.permutations(list(Key)))[: data.draw(st.integers(1, 4))])
    share = st.floats(0, 1)
    probabilities = np.array([[1 - p, p] for p in data.draw(st.lists(share, min_size=1))])
    classes = (probabilities[:, 1] > 0.5).astype(np.int64)
    predictions = Predictions(np.empty(0), probabilities, classes)
    selection = Selection(keys, tuple(labels), data.draw(st.booleans()))
    assert write_csv(predictions, selection) == write_answer(predictions, selection, CSV)


@given(st.lists(st.floats(), min_size=1))
def test_values_are_written_as_the_endpoint_writes_them(values):
    predictions = Predictions(np.array(values), np.empty((0, 0)), np.empty(0, np.int64))
    for keys in ((), (Key.PREDICTED_LABEL,)):
        selection = Selection(keys, ())
        assert write_csv(predictions, selection) == write_answer(predictions, selection, CSV)
