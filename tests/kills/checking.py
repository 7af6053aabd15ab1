"""What must be true of a life's acknowledged requests: on each server that goes on with it, and at its end."""

import json
from collections import Counter

from kills.acting import FINAL, PARTS, STATUSES
from kills.backing_up import run

from windvane.store.open import open_store


def check_server(life, server):
    """On a server that goes on with the folder: what was acknowledged is there, what had ended is as it was, and nothing
    is there that was not asked for."""
    life.connect(server)
    _check_resources(life)
    _check_objects(life)
    _check_upload(life)
    for (kind, name), found in life.ended.items():
        assert life.look(kind, name) == found, (kind, name)
    if life.serving and life.asked not in ("delete_endpoint", "wait_deleted"):
        endpoint = life.sagemaker.describe_endpoint(EndpointName="life")
        assert endpoint["EndpointStatus"] in ("InService", "Updating"), endpoint
        assert endpoint["EndpointConfigName"] in life.serving, endpoint


def _check_resources(life):
    sagemaker, found = life.sagemaker, []
    for kind, operation, member, name in (
        ("automl", sagemaker.list_auto_ml_jobs, "AutoMLJobSummaries", "AutoMLJobName"),
        (
            "processing",
            sagemaker.list_processing_jobs,
            "ProcessingJobSummaries",
            "ProcessingJobName",
        ),
        ("training", sagemaker.list_training_jobs, "TrainingJobSummaries", "TrainingJobName"),
        ("transform", sagemaker.list_transform_jobs, "TransformJobSummaries", "TransformJobName"),
        ("model", sagemaker.list_models, "Models", "ModelName"),
        ("config", sagemaker.list_endpoint_configs, "EndpointConfigs", "EndpointConfigName"),
        ("endpoint", sagemaker.list_endpoints, "Endpoints", "EndpointName"),
    ):
        found += [(kind, one[name]) for one in operation(MaxResults=100)[member]]
    own = [(kind, name) for kind, name in found if not name.startswith(("search-", "given-up-"))]
    assert len(own) == len(set(own)), own  # the others are steps of AutoML jobs
    there = {one for one, state in life.resources.items() if state == "there"}
    assert there <= set(own) <= life.resources.keys(), (life.asked, there, own, life.resources)


def _check_objects(life):
    listed = life.s3.list_objects_v2(Bucket=life.bucket, Prefix="life/").get("Contents", ())
    keys = [one["Key"].removeprefix("life/") for one in listed]
    assert len(keys) == len(set(keys))
    assert set(keys) <= life.objects.keys()
    for key, contents in life.objects.items():
        found = None
        if key in keys:
            found = life.s3.get_object(Bucket=life.bucket, Key=f"life/{key}")["Body"].read()
        assert found in contents, (life.asked, key, None if found is None else len(found))


def _check_upload(life):
    if life.upload is None:
        return
    if life.is_upload_there():
        parts = life.s3.list_parts(**life.upload).get("Parts", ())
        found = [one["ETag"] for one in parts]
        assert found[: len(life.parts)] == life.parts
        assert len(found) <= len(PARTS)
    else:
        assert life.asked in ("complete_parts", "abort_cut")


def check_end(life, folder, url, options):
    """Of a server that has been stopped when all was done: no orphan, nothing twice, and a record of each request."""
    n_backups_killed = life.backups.n_killed if life.backups else 0
    said = run("check", "--data-dir", folder, *options, *(("--mend",) if n_backups_killed else ()))
    findings = [line for line in said.splitlines() if "/.backup-" not in line]
    assert not any("(mended)" in line for line in findings), said
    assert list(folder.glob("work/*")) == []
    _check_audit(life, folder, options)
    _check_events(life, folder, url)


def _check_audit(life, folder, options):
    said = run("audit", "--data-dir", folder, *options, "--json")
    recorded = Counter(json.loads(line)["requestID"] for line in said.splitlines())
    wrong = [one for one in life.told if recorded[one] != 1]
    assert not wrong, wrong
    run("audit", "--data-dir", folder, *options, "--verify")


def _check_events(life, folder, url):
    """Every job and candidate ended once; no change of its state was told after that."""
    store = open_store(url, folder)
    with store.snapshot() as tx:
        documents = [json.loads(event.document) for event in tx.events(after=0, limit=100_000)]
    store.close()
    states = {}
    for document in documents:
        detail, [arn] = document["detail"], document["resources"]
        if "Endpoint" not in document["detail-type"]:
            subject = detail.get("CandidateName", arn)
            [status] = [value for name, value in detail.items() if name in STATUSES]
            states.setdefault(subject, []).append(status)
    for subject, found in states.items():
        assert [one for one in found if one in FINAL] == found[-1:], (subject, found)
    for kind, name in life.ended:
        assert sum(subject.endswith(f"/{name}") for subject in states) == 1, (kind, name)
    if ("automl", "search") in life.ended:
        _, candidates, _ = life.ended["automl", "search"]
        names = [one["CandidateName"] for one in candidates]
        assert len(names) == len(set(names)) == 2
        assert all(states[name][-1] == "Completed" for name in names), (states, candidates)
