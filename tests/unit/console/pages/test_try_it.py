"""The page that tries an endpoint, over operations that a real model answers in process."""

import csv
import html
import io
import json
import re
import xml.etree.ElementTree as ET

import pytest
from unit.engine.explain.made_up import packaged

from windvane.api import endpoint_explanations as operations
from windvane.domain.problem import ProblemType
from windvane.engine.data.sketch import read_sketch, sketch_to_json
from windvane.engine.manifest import write_json, write_manifest
from windvane.errors import DoesNotExist, InvalidRequest, ModelFault, ModelNotReady
from windvane.process.frames import FrameBuffer, pack
from windvane.serving.explainer import answer
from windvane.serving.model import LocalContainer
from windvane.serving.served import load_served

PAGE = "/console/endpoints/live/try"
KEYS = {"SAGEMAKER_INFERENCE_OUTPUT": "predicted_label,probability"}
ROW = "7,1.5,-0.5,red,2020-01-05,0.1"
OTHER = "8,-1.5,0.5,blue,2020-01-06,"


class Served:
    """Operations on the endpoint `live`, answered by a model in process.

    explained   requests for reasons, their parameters
    """

    def __init__(self, packages, environment):
        self.packages, self.explained = packages, []
        self.variants = ["AllTraffic"]
        self.model = load_served([LocalContainer(environment, packages)])

    def operations(self):
        return {
            ("sagemaker", "DescribeEndpoint"): self.describe,
            ("windvane", "DescribeEndpointSchema"): self.schema,
            ("windvane", "ExplainPrediction"): self.explain,
            ("windvane", "EvaluatePredictions"): self.evaluate,
            ("sagemaker-runtime", "InvokeEndpoint"): self.invoke,
        }

    def describe(self, call):
        if call.parameters["EndpointName"] != "live":
            raise DoesNotExist("endpoint", "arn:nope")
        return {"ProductionVariants": [{"VariantName": name} for name in self.variants]}

    def schema(self, call):
        told = operations._spelt_out(json.loads(json.dumps(self.model.describe())))
        name = call.parameters.get("VariantName", self.variants[0])
        return {"EndpointName": "live", "VariantName": name, **operations._schema(told)}

    def invoke(self, call):
        body, media = call.parameters["Body"], call.parameters["ContentType"]
        try:
            return {"Body": self.model.answer(body, media, call.parameters["Accept"])[0]}
        except InvalidRequest as error:
            sentence = f'Received client error (400) from primary with message "{error}".'
            raise ModelFault(sentence, status=400, message=str(error), log_group="") from error

    def explain(self, call):
        self.explained.append(call.parameters)
        asked = {"content_type": "text/csv", "label": call.parameters.get("Label", "")}
        told = self._in_process({"ask": "explain", **asked}, call.parameters["Row"]["Csv"].encode())
        explained = operations._explanation(operations._spelt_out(told))
        return {"EndpointName": "live", "VariantName": "AllTraffic", **explained}

    def evaluate(self, call):
        told = self._in_process({"ask": "evaluate"}, call.parameters["Body"])
        evaluated = operations._evaluation_in(told)
        return {"EndpointName": "live", "VariantName": "AllTraffic", **evaluated}

    def _in_process(self, asked, body):
        containers = [{"environment": {}, "folder": str(self.packages)}]
        spec = {"memory_mb": 1, "containers": containers}
        frames = FrameBuffer()
        frames.feed(answer(pack_once({"spec": spec, "budget_s": 0.3, **asked}, body)))
        told, answered = frames.next_frame()
        if told["status"] != 200:
            raise InvalidRequest(told["message"])
        return json.loads(answered)


def pack_once(header, text):
    frames = FrameBuffer()
    frames.feed(pack(header, text))
    return frames.next_frame()


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    classes = packaged(folder / "classes", ProblemType.BINARY, ["lightgbm"])
    transformers = classes.packages / "transformers"
    write_json(transformers / "sketch.json", sketch_to_json(read_sketch(classes.dataset)))
    write_manifest(transformers, "transformers", {"recipes": [], "table": ""})
    values = packaged(folder / "values", ProblemType.REGRESSION, ["linear-learner"])
    return classes.packages, values.packages


@pytest.fixture
def served(console, models):
    made = Served(models[0], KEYS)
    console.operations.update(made.operations())
    return made


@pytest.fixture
def valued(console, models):
    made = Served(models[1], {})
    console.operations.update(made.operations())
    return made


def asked(browser, fields, path=PAGE, **headers):
    browser.get(PAGE)
    return browser.post(path, fields, **headers)


def typed(**cells):
    return {"ask": "row", "variant": "AllTraffic"} | cells


def pasted(text, **fields):
    return {"ask": "csv", "csv": text, "variant": "AllTraffic"} | fields


def headline(text):
    return html.unescape(re.search(r'class="try-headline">([^<]*)', text)[1])


def value_of(text, place):
    found = re.search(rf'id="cell-{place}"[^>]* value="([^"]*)"', text)
    return html.unescape(found[1])


def test_the_form_has_a_field_for_each_column_with_a_typical_row_filled_in(browser, served):
    answer = browser.get(PAGE)
    assert answer.status == 200
    text = answer.text
    assert 'type="number" step="any" inputmode="decimal" id="cell-1"' in text
    assert '<input type="date" id="cell-4"' in text
    assert re.search(r'<select id="cell-3".*?<option value="\w+" selected>', text, re.DOTALL)
    least, typical, most = (
        float(served.model.describe()["columns"][2][name]) for name in ("least", "typical", "most")
    )
    assert least < float(value_of(text, 2)) == typical < most
    assert "1 column not used by this model" in text
    assert "No prediction yet" in text
    for name in ("curl", "boto3", "AWS CLI, any version", "AWS CLI 2, in one command"):
        assert f"<summary>{name}</summary>" in text


def test_hostile_names_of_columns_and_labels_stay_text(browser, served):
    for page in (browser.get(PAGE), asked(browser, typed())):
        assert "<script>=1+1" not in page.text
        assert "&lt;script&gt;" in page.text
        assert not re.search(r"<[^>]* (?:style|on\w+)=", page.text)


def test_a_typed_row_is_answered_with_probabilities_and_reasons(browser, served):
    cells = {"cell-1": "1.5", "cell-2": "-0.5", "cell-3": "red", "cell-4": "2020-01-05"}
    answer = asked(browser, typed(**cells))
    assert answer.status == 200
    assert headline(answer.text) == "$yes$"
    assert "Predicted probabilities" in answer.text
    assert "Contributions to the probability of $yes$, in percentage points" in answer.text
    assert "colour_1 = red raised it by" in answer.text
    assert "exact TreeSHAP" in answer.text
    assert value_of(answer.text, 1) == "1.5", "the row is not lost"
    assert "1.5,-0.5,red,2020-01-05" in answer.text, "it stands in the code too"


def test_with_scripts_the_answer_comes_first_and_the_reasons_after_it(browser, served):
    part = asked(browser, pasted(ROW), hx_request="true")
    assert headline(part.text) == "$yes$"
    assert "<html" not in part.text
    assert served.explained == []
    vals = json.loads(html.unescape(re.search(r"hx-vals='([^']*)'", part.text)[1]))
    assert vals == {"csv": f"{ROW}\n", "variant": "AllTraffic"}
    reasons = asked(browser, vals, f"{PAGE}/reasons", hx_request="true")
    assert "Contributions to the probability of $yes$" in reasons.text
    assert "<html" not in reasons.text


def test_the_reasons_for_another_label_can_be_asked_for(browser, served):
    answer = asked(browser, pasted(ROW, label="no"))
    assert "Contributions to the probability of no" in answer.text
    assert served.explained[-1]["Label"] == "no"


def test_one_pasted_row_fills_the_form(browser, served):
    answer = asked(browser, pasted(OTHER))
    assert value_of(answer.text, 2) == "0.5"
    assert '<option value="blue" selected>' in answer.text


def test_a_category_that_was_never_seen_can_be_tried(browser, served):
    answer = asked(browser, pasted(ROW.replace("red", "p<i>nk")))
    assert answer.status == 200
    assert "p&lt;i&gt;nk (not seen in training)" in answer.text


def test_several_rows_are_answered_in_a_table_and_each_has_its_reasons_on_demand(browser, served):
    answer = asked(browser, pasted(f"{ROW}\n{OTHER}\n"))
    assert "2 predictions" in answer.text
    assert "<strong>$yes$</strong>" in answer.text
    assert "<strong>no</strong>" in answer.text
    assert served.explained == []
    rows = re.findall(r'name="csv" value="([^"]*)"', answer.text)
    assert [html.unescape(row).strip() for row in rows] == [ROW, OTHER]


def test_a_download_has_every_row_with_its_answers_and_no_formula(browser, served):
    browser.get(PAGE)
    rows = [ROW.replace("7,", '"=cmd|x",', 1), OTHER]
    answer = browser.post(f"{PAGE}/download", pasted("\n".join(rows)))
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].endswith("live-predictions.csv")
    head, first, second = csv.reader(io.StringIO(answer.text, newline=""))
    assert head[-2:] == ["predicted_label", "probability"]
    assert (first[0], first[2], first[-2]) == ("'=cmd|x", "-0.5", "$yes$")
    assert (second[3], second[-2]) == ("blue", "no")
    assert float(second[-1]) > 0.5


@pytest.mark.parametrize("path", [PAGE, f"{PAGE}/download"])
def test_what_the_model_refuses_is_told_in_its_words_and_the_rows_are_not_lost(
    browser, served, path
):
    answer = asked(browser, pasted("1,<b>,3"), path)
    assert answer.status == 424
    assert "The model rejected the request" in answer.text
    assert "Row 1 has 3 values. The model takes rows of 6 values" in answer.text
    assert "Received client error (400) from primary" in answer.text
    assert "1,&lt;b&gt;,3</textarea>" in answer.text


def test_a_typed_row_that_is_refused_is_not_lost(browser, served):
    answer = asked(browser, typed(**{"cell-1": "abc", "cell-2": "0.25"}))
    assert answer.status == 424
    assert "&#39;abc&#39; cannot be read as a number" in answer.text
    assert (value_of(answer.text, 1), value_of(answer.text, 2)) == ("abc", "0.25")


def test_what_is_no_csv_and_what_is_nothing_is_told(browser, served):
    assert "This is not CSV near line 1" in asked(browser, pasted('a"b"c,"d"e')).text
    assert "No rows were found." in asked(browser, pasted("")).text


def test_a_value_is_explained_in_its_own_unit(browser, valued):
    answer = asked(browser, pasted(ROW))
    assert float(headline(answer.text).replace(",", ""))
    assert "Contributions to y" in answer.text
    assert "percentage points" not in answer.text
    assert "Predicted probabilities" not in answer.text
    assert "was trained by an earlier version, which stored no" in answer.text


def test_where_reasons_fail_the_answer_stays(browser, served):
    def too_busy(call):
        raise InvalidRequest("Too <busy>.")

    browser.site._parts.inside._operations["windvane", "ExplainPrediction"] = too_busy
    answer = asked(browser, pasted(ROW))
    assert answer.status == 200
    assert headline(answer.text) == "$yes$"
    assert "Too &lt;busy&gt;." in answer.text


def test_variants_can_be_chosen(browser, served):
    served.variants = ["A", "B"]
    text = browser.get(f"{PAGE}?variant=B").text
    assert "<option>A</option>" in text
    assert "<option selected>B</option>" in text
    assert "--target-variant B" in text


def test_an_endpoint_that_is_not_ready_or_not_there_says_so(browser, served, console):
    def not_ready(call):
        raise ModelNotReady("Endpoint live is Creating; try again once it is InService.")

    assert browser.get(PAGE.replace("live", "nope")).status == 404
    console.operations["windvane", "DescribeEndpointSchema"] = not_ready
    answer = browser.get(PAGE)
    assert answer.status == 503
    assert "Endpoint live is Creating; try again once it is InService." in answer.text


def test_every_chart_is_well_formed_and_has_its_table(browser, served):
    text = asked(browser, pasted(ROW)).text
    pictures = re.findall(r"<figure.*?</figure>", text, re.DOTALL)
    assert len(pictures) == 2
    for picture in pictures:
        svg = re.search(r"<svg.*?</svg>", picture, re.DOTALL)[0]
        assert ET.fromstring(svg).attrib["role"] == "img"
        assert "<table" in picture


def test_the_page_is_for_those_who_are_signed_in(console, served):
    stranger = console.browser()
    assert stranger.get(PAGE).status == 303
    assert stranger.post(PAGE, pasted(ROW)).status in (303, 401, 403)


LABELLED = "y,b,colour_1\nno,-0.5,red\n$yes$,1.5,red\n$yes$,0.5,blue\nno,-1,green\n"


def test_labelled_rows_get_metrics_a_confusion_matrix_and_who_was_left_out(browser, served):
    answer = asked(browser, pasted(LABELLED + ",1,red\nmaybe,2,red\n"))
    assert answer.status == 200
    assert "Metrics on these rows" in answer.text
    assert re.search(r'<th scope="row">Accuracy</th><td class="num">[0-9.]+ ± ', answer.text)
    assert "Confusion matrix: of" in answer.text
    assert "1 row was left out, without a label: row 5." in answer.text
    assert "with a label that the model does not know (“maybe”): row 6." in answer.text
    assert '<th scope="col">actual</th>' in answer.text
    assert "6 predictions" in answer.text


def test_a_regression_tells_errors_in_the_unit_of_the_target_first(browser, valued):
    answer = asked(browser, pasted("b,y,colour_1\n1,10.5,red\n2,8.25,blue\n3,2.5,green\n"))
    titles = re.findall(r'<th scope="row">(\w+)</th>', answer.text)
    assert titles[:4] == ["RMSE", "MAE", "R2", "MSE"]
    assert "RMSE and MAE are in the unit of y" in answer.text
    assert "Confusion matrix" not in answer.text


def test_predictions_are_shown_where_there_are_no_metrics(browser, served):
    answer = asked(browser, pasted("y,b\nmaybe,1\nperhaps,2\n"))
    assert answer.status == 200
    assert "No metrics" in answer.text
    assert "2 predictions" in answer.text


def test_the_download_of_labelled_rows_has_their_labels(browser, served):
    answer = asked(browser, pasted(LABELLED), f"{PAGE}/download")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["y"] for row in rows] == ["no", "$yes$", "$yes$", "no"]
    assert {row["predicted_label"] for row in rows} <= {"no", "$yes$"}


def test_a_number_has_a_slider_over_the_range_of_the_training_data(browser, served):
    column = served.model.describe()["columns"][2]
    found = re.search(
        r'<input type="range"[^>]* data-slides="cell-2"[^>]*>', browser.get(PAGE).text
    )
    assert f'min="{column["least"]}" max="{column["most"]}"' in found[0]
    assert 'aria-label="b, slider" hidden' in found[0]


def test_a_changed_row_is_told_beside_the_one_it_started_from(browser, valued):
    start, now = ROW.split(","), OTHER.split(",")
    cells = {f"cell-{place}": cell for place, cell in enumerate(now)}
    intervals = json.dumps({"level": 0.8, "edges": [], "low": [-1], "high": [2]})
    fields = typed(start=json.dumps(start), intervals=intervals, **cells)
    answer = asked(browser, fields, f"{PAGE}/what-if")
    lines = valued.model.answer(f"{ROW}\n{OTHER}\n".encode(), "text/csv", "text/csv")[0].split()
    told = re.search(
        r'scope="row">score</th><td>([^<]*)</td><td><strong>([^<]*)</strong>', answer.text
    )
    assert [float(one) for one in told.groups()] == pytest.approx(
        [float(one) for one in lines], rel=1e-3
    )
    assert "colour_1 red → <strong>blue</strong>" in answer.text
    assert re.search(r'scope="row">80 % interval</th><td>[0-9.]+ to [0-9.]+</td>', answer.text)


def test_intervals_of_a_model_that_no_candidate_is_known_of_are_none(browser, console, valued):
    gone = DoesNotExist("endpoint configuration", "arn:gone")

    def refuse(_):
        raise gone

    console.operations["sagemaker", "DescribeEndpoint"] = lambda _: {"EndpointConfigName": "c"}
    console.operations["sagemaker", "DescribeEndpointConfig"] = refuse
    answer = browser.get(f"{PAGE}/intervals?variant=AllTraffic")
    assert (answer.status, answer.text) == (200, "null")


def test_a_changed_row_that_the_model_does_not_take_is_told(browser, served):
    for start, cell, says in (
        (json.dumps(ROW.split(",")), "x", "cannot be read as a number"),
        ("[]", "1", "must be a list of 6 texts"),
    ):
        fields = typed(start=start, **{"cell-2": cell})
        assert says in asked(browser, fields, f"{PAGE}/what-if").text
