"""What a client does to a server that may end at any moment, and what must be true after it has come back."""

import time

from journeys.deploying import Deploying
from journeys.stepping import Steps

FINAL = ("Completed", "Failed", "Stopped")
ROWS = "\n".join(
    [
        "a,b,y",
        *(
            f"{i % 17},{i * 7 % 23},{'yes' if i % 17 + i * 7 % 23 > 19 else 'no'}"
            for i in range(600)
        ),
    ]
).encode()
PART = b"part" * (5 * 2**18)
GIVE_UP_S = 240


class Front:
    """A killable server as the journeys' steps want one."""

    def __init__(self, server):
        self.client = server.client
        self.env = {"WINDVANE_BUCKET": server.bucket, "WINDVANE_ROLE_ARN": server.role}

    def upload(self, key, body):
        bucket = self.env["WINDVANE_BUCKET"]
        self.client("s3").put_object(Bucket=bucket, Key=key, Body=body)
        return f"s3://{bucket}/{key}"


class Life:
    """Of an AutoML job, step jobs, an endpoint and uploads; `all` stops with the server.

    acknowledged    names of what was answered for, in order
    asked           what was being asked for when the server went; "" if nothing
    ended           what a finished job was described as, and the objects that it had written
    """

    def __init__(self, server, packed):
        self.server, self.packed = Front(server), packed
        self.acknowledged, self.asked, self.ended = [], "", {}

    def all(self):
        sagemaker, s3 = self.server.client("sagemaker"), self.server.client("s3")
        bucket = {"Bucket": self.server.env["WINDVANE_BUCKET"]}
        uri = self._do("table", lambda: self.server.upload("life/table.csv", ROWS))
        self._do("job", lambda: sagemaker.create_auto_ml_job(**self._job(uri)))
        deploying = self._do("archives", lambda: Deploying(self.server, self.packed))
        self._do("config-1", lambda: deploying.create_config("config-1", deploying.whole()))
        self._do(
            "endpoint",
            lambda: sagemaker.create_endpoint(EndpointName="life", EndpointConfigName="config-1"),
        )
        self._do("parts", lambda: _in_parts(s3, bucket | {"Key": "life/parts"}))
        steps = Steps(self.server)
        self._do("split", lambda: steps.read(uri))
        self._note("split", describe(sagemaker, "split"), s3)
        self._do("config-2", lambda: deploying.create_config("config-2", deploying.whole("labels")))
        self._do("training", lambda: steps.create("training", "linear-learner", {"_folds": "2"}))
        _until(lambda: deploying.status("life") == "InService")
        self._do(
            "update",
            lambda: sagemaker.update_endpoint(EndpointName="life", EndpointConfigName="config-2"),
        )
        self._note("training", ended(sagemaker, "training"), s3)
        self._do("delete", lambda: s3.delete_object(**bucket, Key="life/parts"))
        self._note("job", ended(sagemaker, "job"), s3)
        _until(lambda: deploying.status("life") == "InService")

    def _do(self, name, act):
        self.asked = name
        result = act()
        self.asked = ""
        self.acknowledged.append(name)
        return result

    def _note(self, name, described, s3):
        self.ended[name] = described, _written(s3, self.server.env["WINDVANE_BUCKET"], name)

    def _job(self, uri):
        bucket = self.server.env["WINDVANE_BUCKET"]
        return {
            "AutoMLJobName": "job",
            "InputDataConfig": [
                {
                    "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}},
                    "TargetAttributeName": "y",
                }
            ],
            "OutputDataConfig": {"S3OutputPath": f"s3://{bucket}/output"},
            "RoleArn": self.server.env["WINDVANE_ROLE_ARN"],
            "GenerateCandidateDefinitionsOnly": True,
        }


def check_life(life, server):
    """On a server that goes on with the folder: what was acknowledged is there and comes to its end, what had ended is as
    it was, and nothing is there twice."""
    front = Front(server)
    sagemaker, s3 = front.client("sagemaker"), front.client("s3")
    bucket = front.env["WINDVANE_BUCKET"]
    known = {
        "job": [
            one["AutoMLJobName"] for one in sagemaker.list_auto_ml_jobs()["AutoMLJobSummaries"]
        ],
        "split": [
            one["ProcessingJobName"]
            for one in sagemaker.list_processing_jobs()["ProcessingJobSummaries"]
        ],
        "training": [
            one["TrainingJobName"] for one in sagemaker.list_training_jobs()["TrainingJobSummaries"]
        ],
    }
    for name, listed in known.items():
        assert len(listed) == len(set(listed))
        names = [
            one for one in listed if not one.startswith("job-")
        ]  # those are the AutoML job's own
        least = 1 if name in life.acknowledged else 0
        assert names in ([name] * least, [name]), (name, names)
        if names:
            assert least or life.asked == name
            last = ended(sagemaker, name)
            assert _status(last) == "Completed", last
    for name, (described, written) in life.ended.items():
        assert _plain(describe(sagemaker, name)) == _plain(described)
        assert _written(s3, bucket, name) == written
    if "training" in known["training"]:
        transitions = describe(sagemaker, "training")
        statuses = [one["Status"] for one in transitions["SecondaryStatusTransitions"]]
        assert statuses.count("Completed") == 1, statuses
    _check_endpoint(life, front)
    _check_objects(life, s3, bucket)


def _check_endpoint(life, front):
    sagemaker = front.client("sagemaker")
    names = [one["EndpointName"] for one in sagemaker.list_endpoints()["Endpoints"]]
    if "endpoint" not in life.acknowledged:
        assert names == [] or (names == ["life"] and life.asked == "endpoint")
        return
    assert names == ["life"]
    _until(lambda: _endpoint(sagemaker)["EndpointStatus"] in ("InService", "Failed"))
    endpoint = _endpoint(sagemaker)
    assert endpoint["EndpointStatus"] == "InService", endpoint
    if "update" in life.acknowledged:
        allowed = {"config-2"}
    else:
        allowed = {"config-1", "config-2"} if life.asked == "update" else {"config-1"}
    assert endpoint["EndpointConfigName"] in allowed
    answer = front.client("sagemaker-runtime").invoke_endpoint(
        EndpointName="life", ContentType="text/csv", Body=life.packed.row
    )
    says = {"config-1": b"yes\nno", "config-2": b"\"['no', 'yes']\"\n"}
    assert answer["Body"].read().strip() in says[endpoint["EndpointConfigName"]]


def _check_objects(life, s3, bucket):
    keys = {
        one["Key"]: one["Size"]
        for one in s3.list_objects_v2(Bucket=bucket, Prefix="life/").get("Contents", ())
    }
    if "table" in life.acknowledged:
        found = s3.get_object(Bucket=bucket, Key="life/table.csv")["Body"].read()
        assert found == ROWS
    if "delete" in life.acknowledged:
        assert "life/parts" not in keys
    elif "parts" in life.acknowledged and life.asked != "delete":
        assert keys["life/parts"] == 2 * len(PART)
        whole = s3.get_object(Bucket=bucket, Key="life/parts")["Body"].read()
        assert whole == PART + PART
    else:
        assert keys.get("life/parts", 2 * len(PART)) == 2 * len(PART)


def describe(sagemaker, name):
    return {
        "job": lambda: sagemaker.describe_auto_ml_job(AutoMLJobName="job"),
        "split": lambda: sagemaker.describe_processing_job(ProcessingJobName="split"),
        "training": lambda: sagemaker.describe_training_job(TrainingJobName="training"),
    }[name]()


def ended(sagemaker, name):
    _until(lambda: _status(describe(sagemaker, name)) in FINAL)
    return describe(sagemaker, name)


def _status(described):
    [status] = [
        described[member]
        for member in ("AutoMLJobStatus", "ProcessingJobStatus", "TrainingJobStatus")
        if member in described
    ]
    return status


def _written(s3, bucket, name):
    """Keys, sums and times of what a job wrote."""
    prefix = {"job": "output/", "split": "steps/dataset/", "training": "steps/models/"}[name]
    found = s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", ())
    return {one["Key"]: (one["ETag"], one["LastModified"]) for one in found}


def _plain(described):
    return {member: value for member, value in described.items() if member != "ResponseMetadata"}


def _endpoint(sagemaker):
    return sagemaker.describe_endpoint(EndpointName="life")


def _in_parts(s3, names):
    upload = s3.create_multipart_upload(**names)["UploadId"]
    parts = [
        {
            "PartNumber": number,
            "ETag": s3.upload_part(**names, UploadId=upload, PartNumber=number, Body=PART)["ETag"],
        }
        for number in (1, 2)
    ]
    s3.complete_multipart_upload(**names, UploadId=upload, MultipartUpload={"Parts": parts})


def _until(condition):
    give_up = time.monotonic() + GIVE_UP_S
    while not condition():
        assert time.monotonic() < give_up, "the condition was not met in time"
        time.sleep(0.1)
