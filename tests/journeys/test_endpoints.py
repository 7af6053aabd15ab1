"""Endpoints as clients use them: containers edited and sent back, serverless variants, weights, deleting in any order."""

import csv
import io
import os
import time
from pathlib import Path

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from journeys.deploying import KEYS, Deploying
from journeys.own import asked

from windvane.process.confinement import Part
from windvane.process.sandbox import FIRST_USER, sandbox_of

SERVERLESS = {"MemorySizeInMB": 2048, "MaxConcurrency": 2}


@pytest.fixture(scope="module")
def deploying(server, packed):
    return Deploying(server, packed)


@pytest.fixture(scope="module")
def pipeline(deploying):
    """A serverless endpoint of a pipeline that was asked for all keys, in an order of the client's."""
    keys = "labels, probability,predicted_label, probabilities"
    deploying.create_config("pipeline", deploying.pipeline(keys), ServerlessConfig=SERVERLESS)
    deploying.create("pipeline", "pipeline")
    return "pipeline"


def invoke(server, endpoint, row, **members):
    client = server.client("sagemaker-runtime", config=Config(retries={"total_max_attempts": 1}))
    answer = client.invoke_endpoint(
        EndpointName=endpoint, ContentType="text/csv", Body=row, **members
    )
    return answer, answer["Body"].read().decode()


def test_a_pipeline_answers_the_keys_that_its_model_was_given(server, pipeline, packed):
    answer, body = invoke(server, pipeline, packed.row, InferenceId="i", CustomAttributes="a")
    assert (answer["InvokedProductionVariant"], answer["CustomAttributes"]) == ("AllTraffic", "a")
    (cells,) = csv.reader(io.StringIO(body))
    assert (cells[0], cells[2]) == ("['no', 'yes']", "yes")
    assert float(cells[1]) == float(cells[3].strip("[]").split(",")[1])


def test_its_process_is_confined(server, deploying, pipeline, packed):
    """What this machine has of the sandbox is put on by the server itself: see `windvane doctor`."""
    invoke(server, pipeline, packed.row)
    parts = sandbox_of(server.folder)[0].parts
    for pid in deploying.model_processes():
        process = Path(f"/proc/{pid}")
        status = dict(
            line.split(":\t") for line in (process / "status").read_text().splitlines() if line
        )
        assert status["NoNewPrivs"] == "1"
        assert status["CapEff"].strip("0") == ""
        assert (status["Seccomp"] == "2") == (Part.SECCOMP in parts)
        assert (status["Uid"].split()[0] != str(os.geteuid())) == (Part.USER in parts)
        interfaces = (process / "net/dev").read_text().splitlines()[2:]
        assert (len(interfaces) <= 1) or Part.NETWORK not in parts
        assert b"AWS_" not in (process / "environ").read_bytes()


def test_a_serverless_endpoint_says_what_it_is(deploying, pipeline):
    (variant,) = deploying.sagemaker.describe_endpoint(EndpointName=pipeline)["ProductionVariants"]
    assert variant["CurrentServerlessConfig"] == SERVERLESS
    assert variant["DesiredServerlessConfig"] == SERVERLESS
    assert variant["CurrentInstanceCount"] == 0


def test_weights_move_the_traffic_and_capacities_the_processes(server, deploying, packed):
    before = deploying.model_processes()
    sagemaker = deploying.sagemaker
    for name, keys in (("label", "predicted_label"), ("all", KEYS)):
        sagemaker.create_model(ModelName=name, Containers=deploying.whole(keys))
    sagemaker.create_endpoint_config(
        EndpointConfigName="weights",
        ProductionVariants=[
            {
                "VariantName": name,
                "ModelName": name,
                "InitialInstanceCount": 1,
                "InstanceType": "ml.m5.large",
                "InitialVariantWeight": weight,
            }
            for name, weight in (("label", 1.0), ("all", 0.0))
        ],
    )
    deploying.create("weights", "weights")
    assert invoke(server, "weights", packed.row)[1] == "yes\n"
    sagemaker.update_endpoint_weights_and_capacities(
        EndpointName="weights",
        DesiredWeightsAndCapacities=[
            {"VariantName": "label", "DesiredWeight": 0.0},
            {"VariantName": "all", "DesiredWeight": 1.0, "DesiredInstanceCount": 2},
        ],
    )
    deploying.wait("weights")
    variants = sagemaker.describe_endpoint(EndpointName="weights")["ProductionVariants"]
    assert [(one["CurrentWeight"], one["CurrentInstanceCount"]) for one in variants] == [
        (0.0, 1),
        (1.0, 2),
    ]
    assert len(deploying.model_processes() - before) == 3
    assert invoke(server, "weights", packed.row)[0]["InvokedProductionVariant"] == "all"
    answer, _ = invoke(server, "weights", packed.row, TargetVariant="label")
    assert answer["InvokedProductionVariant"] == "label"
    with pytest.raises(ClientError, match="is/are not present within"):
        sagemaker.update_endpoint_weights_and_capacities(
            EndpointName="weights", DesiredWeightsAndCapacities=[{"VariantName": "other"}]
        )


def test_a_shadow_is_sent_copies_and_its_answers_are_compared_with_those_given(
    server, deploying, packed
):
    sagemaker = deploying.sagemaker
    for name, keys in (("given", "predicted_label"), ("copied", "labels")):
        sagemaker.create_model(ModelName=name, Containers=deploying.whole(keys))
    members = {"InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
    config = {
        "ProductionVariants": [{"VariantName": "given", "ModelName": "given", **members}],
        "ShadowProductionVariants": [{"VariantName": "copied", "ModelName": "copied", **members}],
    }
    sagemaker.create_endpoint_config(EndpointConfigName="shadowed", **config)
    told = sagemaker.describe_endpoint_config(EndpointConfigName="shadowed")
    for member, variants in config.items():
        assert told[member] == [{**variants[0], "InitialVariantWeight": 1.0}]
    deploying.create("shadowed", "shadowed")
    described = sagemaker.describe_endpoint(EndpointName="shadowed")
    assert [one["VariantName"] for one in described["ProductionVariants"]] == ["given"]
    assert [one["VariantName"] for one in described["ShadowProductionVariants"]] == ["copied"]

    for _ in range(5):
        answer, body = invoke(server, "shadowed", packed.row)
        assert (answer["InvokedProductionVariant"], body) == ("given", "yes\n")

    def figures():
        return asked(server, "/windvane/endpoints/shadowed/figures")[1]

    give_up = time.monotonic() + 240
    while figures()["Shadow"]["Rows"] < 5:
        assert time.monotonic() < give_up, figures()["Shadow"]
        time.sleep(0.05)
    shadow = figures()["Shadow"]
    assert (shadow["VariantName"], shadow["Copied"], shadow["SameAnswers"]) == ("copied", 5, 0)
    assert shadow["Differences"] == [{"Given": "yes", "Shadow": "['no', 'yes']", "Rows": 5}]
    assert figures()["All"]["LastHour"]["Requests"] == 5, "copies are nobody's requests"

    sagemaker.create_endpoint_config(
        EndpointConfigName="promoted",
        ProductionVariants=[{"VariantName": "copied", "ModelName": "copied", **members}],
    )
    sagemaker.update_endpoint(EndpointName="shadowed", EndpointConfigName="promoted")
    deploying.wait("shadowed")
    assert "ShadowProductionVariants" not in sagemaker.describe_endpoint(EndpointName="shadowed")
    assert invoke(server, "shadowed", packed.row)[1] == "\"['no', 'yes']\"\n"
    assert "Shadow" not in figures()
    deploying.delete("shadowed")


def test_an_endpoint_outlives_its_config_and_models_until_it_is_deleted(server, deploying, packed):
    sagemaker = deploying.sagemaker
    sagemaker.delete_endpoint_config(EndpointConfigName="weights")
    for name in ("label", "all"):
        sagemaker.delete_model(ModelName=name)
    assert invoke(server, "weights", packed.row)[0]["InvokedProductionVariant"] == "all"
    deploying.delete("weights")
    with pytest.raises(ClientError, match="Endpoint weights of account 000000000000 not found"):
        invoke(server, "weights", packed.row)


def test_a_serverless_endpoint_is_deleted_too(deploying, pipeline):
    deploying.delete(pipeline)
    sagemaker = deploying.sagemaker
    assert pipeline not in [one["EndpointName"] for one in sagemaker.list_endpoints()["Endpoints"]]


def test_what_the_server_keeps_is_its_owners_alone(server, pipeline):
    """Attack 14: a data folder of mode 0755, files of 0644."""
    kept = [server.folder, *server.folder.rglob("*")]
    assert len(kept) > 20
    assert [path for path in kept if _is_open(path)] == []


def _is_open(path):
    """Whether others may do anything with it. Models are lent to the group of their endpoint's processes."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return False
    is_lent = "endpoints" in path.parts and status.st_gid >= FIRST_USER
    return bool(status.st_mode & (0o027 if is_lent else 0o077)) and not path.is_symlink()
