"""A file predicted by a transform job, over operations that note what they are asked."""

import json
from datetime import UTC, datetime

import pytest

from windvane.artifacts.base import parse_location
from windvane.errors import DoesNotExist

PAGE = "/console/endpoints/live/predictions"
BATCH = "20260102T030405Z-0a1b2c3d"
FOLDER = f"s3://sagemaker-us-east-1-111122223333/console/predictions/{BATCH}"
SCHEMA = {
    "VariantName": "AllTraffic",
    "Target": "y",
    "ProblemType": "Regression",
    "Algorithm": "linear",
    "Labels": [],
    "Responses": ["score"],
    "HasTypicalRow": True,
    "Columns": [
        {"Name": name, "Type": "numeric", "Used": True, "Typical": "1", "MayBeMissing": False}
        for name in ("a", "b")
    ],
}


class Service:
    """created    parameters of CreateTransformJob;  status    of every job"""

    def __init__(self):
        self.created, self.stopped, self.status = [], [], "InProgress"
        self.has_config = True

    def operations(self):
        return {
            ("windvane", "DescribeEndpointSchema"): lambda _: SCHEMA,
            ("sagemaker", "DescribeEndpoint"): lambda _: {"EndpointConfigName": "config"},
            ("sagemaker", "DescribeEndpointConfig"): self.config,
            ("sagemaker", "CreateTransformJob"): self.create,
            ("sagemaker", "DescribeTransformJob"): self.job,
            ("sagemaker", "ListTransformJobs"): self.jobs,
            ("sagemaker", "StopTransformJob"): lambda call: self.stopped.append(call.parameters),
        }

    def config(self, _):
        if not self.has_config:
            raise DoesNotExist("endpoint configuration", "arn:gone")
        return {"ProductionVariants": [{"VariantName": "AllTraffic", "ModelName": "model-1"}]}

    def create(self, call):
        self.created.append(call.parameters)
        return {"TransformJobArn": "arn:job"}

    def job(self, call):
        told = {"TransformJobStatus": self.status, "CreationTime": datetime.now(UTC)}
        name = call.parameters["TransformJobName"]
        return {
            "TransformJobName": name,
            "TransformOutput": {"S3OutputPath": f"{FOLDER}/output"},
        } | told

    def jobs(self, _):
        names = [one["TransformJobName"] for one in self.created] + ["live-predictions-other", "x"]
        now = datetime.now(UTC)
        return {
            "TransformJobSummaries": [
                {"TransformJobName": name, "TransformJobStatus": self.status, "CreationTime": now}
                for name in names
            ]
        }


@pytest.fixture
def service(console):
    made = Service()
    console.operations.update(made.operations())
    return made


def put(console, name, text):
    console.put(f"{FOLDER}/{name}", text.encode())


def started(browser, **fields):
    browser.get(PAGE)
    told = {"batch": BATCH, "first": "y,a,b\r\n", "file": "rows.csv", "joins": "on"} | fields
    return browser.post(PAGE, {name: value for name, value in told.items() if value is not None})


def test_parts_that_were_uploaded_become_a_job_of_the_variants_model(browser, console, service):
    put(console, "input/00000.csv", "0,1,2\n")
    answer = started(browser)
    assert answer.status == 303
    (job,) = service.created
    assert answer.headers["location"] == f"{PAGE}/{job['TransformJobName']}"
    assert job["TransformJobName"].startswith("live-predictions-")
    assert job["ModelName"] == "model-1"
    assert job["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"] == f"{FOLDER}/input/"
    assert job["DataProcessing"] == {"InputFilter": "$[1:3]", "JoinSource": "Input"}
    kept = json.loads(console.artifacts.read(parse_location(f"{FOLDER}/predictions.json")))
    assert kept == {
        "file": "rows.csv",
        "n_parts": 1,
        "head": ["y", "a", "b", "score"],
        "joins": True,
    }
    page = browser.get(PAGE).text
    assert job["TransformJobName"] in page
    assert "live-predictions-other" in page


def test_the_job_is_followed_and_its_parts_are_one_file_with_a_header(browser, console, service):
    put(console, "input/00000.csv", "0,1,2\n")
    put(console, "input/00001.csv", "0,3,4\n")
    started(browser)
    put(console, "output/00000.csv.out", "0,1,2,0.5\n")
    page = browser.get(f"{PAGE}/job").text
    assert 'max="2" value="1"' in page
    assert 'hx-trigger="every 2s"' in page
    assert browser.get(f"{PAGE}/job/download").status == 400
    service.status = "Completed"
    put(console, "output/00001.csv.out", "0,3,4,0.7\n")
    fragment = browser.get(f"{PAGE}/job", hx_request="true").text
    assert fragment.startswith("<section")
    assert "hx-trigger" not in fragment
    answer = browser.get(f"{PAGE}/job/download")
    assert answer.text == "y,a,b,score\n0,1,2,0.5\n0,3,4,0.7\n"
    assert browser.head(f"{PAGE}/job/download").text == ""
    assert "rows-predictions.csv" in answer.headers["content-disposition"]


def test_without_the_files_columns_the_header_has_the_responses_alone(browser, console, service):
    put(console, "input/00000.csv", "1,2\n")
    started(browser, joins=None, first="1,2\n")
    kept = json.loads(console.artifacts.read(parse_location(f"{FOLDER}/predictions.json")))
    assert kept["head"] == ["score"]
    assert service.created[0]["DataProcessing"] == {"InputFilter": "$", "JoinSource": "None"}


def test_a_job_is_stopped(browser, service):
    browser.get(PAGE)
    assert browser.post(f"{PAGE}/job/stop").status == 303
    assert service.stopped == [{"TransformJobName": "job"}]


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"batch": "../../other"}, "The batch was not issued by this page"),
        ({"first": "y,a\n"}, "does not have columns that the model uses: b"),
        ({"first": ""}, "The first line of the file is empty"),
    ],
)
def test_what_does_not_fit_is_refused_on_the_page(browser, service, fields, says):
    answer = started(browser, **fields)
    assert answer.status == 400
    assert says in answer.text
    assert service.created == []


def test_a_configuration_that_was_deleted_is_told(browser, service):
    service.has_config = False
    answer = started(browser)
    assert answer.status == 400
    assert "The configuration config of this endpoint was deleted" in answer.text


def test_the_browser_learns_whether_the_first_line_is_a_row(browser, service):
    browser.get(PAGE)
    for first, has_header in (("a,b\n", True), ("1,2\n", False)):
        body = json.dumps({"first": first}).encode()
        headers = {"content-type": "application/json", "accept": "application/json"}
        sent = {"origin": "http://127.0.0.1:8470", "x-csrf-token": browser.csrf} | headers
        told = json.loads(browser._ask("POST", f"{PAGE}/begin", body, sent).text)
        assert told["has_header"] is has_header


def test_a_description_that_somebody_changed_is_harmless(browser, console, service):
    service.status = "Completed"
    told = b'{"file": "\\ud800", "n_parts": 1, "head": ["=1+1", "\\ud800"], "joins": true}'
    console.put(f"{FOLDER}/predictions.json", told)
    answer = browser.get(f"{PAGE}/job/download")
    assert (answer.status, answer.text) == (200, "'=1+1,?\n")
    assert browser.get(f"{PAGE}/job").status == 200
