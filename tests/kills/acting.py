"""What a client does to a server that may end at any moment and be started again, act after act, and what it was told."""

import time

from botocore.exceptions import ClientError
from journeys.running import limits
from journeys.stepping import Steps

from windvane.domain.images import ENSEMBLE, image_uri
from windvane.names import Scope

FINAL = ("Completed", "Failed", "Stopped")
STATUSES = (
    "AutoMLJobStatus",
    "CandidateStatus",
    "ProcessingJobStatus",
    "TrainingJobStatus",
    "TransformJobStatus",
)
ROWS = "\n".join(
    [
        "a,b,y",
        *(
            f"{i % 17},{i * 7 % 23},{'yes' if i % 17 + i * 7 % 23 > 19 else 'no'}"
            for i in range(600)
        ),
    ]
).encode()
LARGE = b"large object " * 20_000
PARTS = (b"part" * (5 * 2**18), b"the end")
SAYS = {"config-1": (b"yes", b"no"), "config-2": (b"\"['no', 'yes']\"",)}
"""What models of these configurations answer to the packed model's row."""

_SCOPE = Scope("000000000000", "us-east-1")
_CHANGING = ("Create", "Update", "Delete", "Stop", "Add")
_GIVE_UP_S = 900
_NO_LIMIT_S = 86_400
"""A job that is killed again and again has its time all the same."""


class Front:
    """A killable server as the journeys' steps want one.

    told    gets the request id of each answer of SageMaker's API to a request that changes something
    """

    def __init__(self, server, told):
        self._server, self._told = server, told
        self.env = {"WINDVANE_BUCKET": server.bucket, "WINDVANE_ROLE_ARN": server.role}

    def client(self, service):
        client = self._server.client(service)
        client.meta.events.register("after-call.sagemaker", self._hear)
        return client

    def _hear(self, parsed, model, **_others):
        answer = parsed["ResponseMetadata"]
        if answer["HTTPStatusCode"] == 200 and model.name.startswith(_CHANGING):
            self._told.append(answer["RequestId"])


class Life:
    """Uploads, an AutoML job, step jobs, an endpoint, backups and deletes, over as many servers as it takes.

    packed       a model that is deployed; None for acts that need none
    backups      what makes them; None where the store is not part of the data folder
    resources    by (kind, name): "there" if that was acknowledged, "maybe" if it was asked for or is going
    objects      by key below life/: the contents that it may have, None among them if it may be absent
    ended        by (kind, name) of a job: what it was described as and had written once it had ended
    told         ids of acknowledged requests
    """

    def __init__(self, packed, acts, backups=None):
        self.packed, self.acts, self.backups = packed, acts, backups
        self.n_done, self.asked, self.is_again = 0, "", False
        self.resources, self.objects, self.ended, self.told = {}, {}, {}, []
        self.upload, self.parts, self.serving = None, [], ()

    def go_on(self, server):
        """Do what is left.

        raises    what a client meets when its server dies
        """
        self.connect(server)
        while self.n_done < len(self.acts):
            act = self.acts[self.n_done]
            self.is_again = self.asked == act.__name__
            self.asked = act.__name__
            act(self)
            self.n_done += 1
            self.asked = ""

    def connect(self, server):
        self.front = Front(server, self.told)
        self.sagemaker, self.s3 = self.front.client("sagemaker"), self.front.client("s3")
        self.steps = Steps(self.front)
        self.bucket = server.bucket
        self.server = server

    # objects
    def put_table(self):
        self._put("table.csv", ROWS)

    def put_archive(self):
        self._put("whole.tar.gz", self.packed.whole.read_bytes())

    def put_large(self):
        self._put("large", LARGE)

    def put_small(self):
        self._put("small", b"small")

    def replace_large(self):
        self._put("large", LARGE + b"once more")

    def copy_large(self):
        source = self._key("large")
        [content] = self.objects["large"]
        copy = self.s3.copy_object
        self._write("copy", content, lambda: copy(**self._key("copy"), CopySource=source))

    def delete_copy(self):
        self._write("copy", None, lambda: self.s3.delete_object(**self._key("copy")))

    def begin_parts(self):
        self._begin_upload("parts")

    def send_first_part(self):
        self._send(1)

    def send_last_part(self):
        self._send(2)

    def complete_parts(self):
        named = {"Parts": [{"PartNumber": n, "ETag": tag} for n, tag in enumerate(self.parts, 1)]}

        def complete():
            self._once(
                self.s3.complete_multipart_upload,
                "NoSuchUpload",
                **self.upload,
                MultipartUpload=named,
            )

        self._write("parts", b"".join(PARTS), complete)
        self.upload, self.parts = None, []

    def begin_cut(self):
        self._begin_upload("cut")

    def abort_cut(self):
        self._once(self.s3.abort_multipart_upload, "NoSuchUpload", **self.upload)
        self.upload, self.parts = None, []

    def is_upload_there(self):
        return self.upload["UploadId"] in [one["UploadId"] for one in self._uploads()]

    def _uploads(self):
        return self.s3.list_multipart_uploads(Bucket=self.bucket).get("Uploads", ())

    def abort_unknown(self):
        """Uploads whose id never came."""
        for found in self._uploads():
            names = {"Bucket": self.bucket, "Key": found["Key"], "UploadId": found["UploadId"]}
            self.s3.abort_multipart_upload(**names)

    def delete_several(self):
        keys = ("small", "parts")
        for key in keys:
            self.objects[key] = (*self.objects[key], None)
        named = [{"Key": self._key(key)["Key"]} for key in keys]
        answer = self.s3.delete_objects(Bucket=self.bucket, Delete={"Objects": named})
        assert "Errors" not in answer, answer
        for key in keys:
            self.objects[key] = (None,)

    def _begin_upload(self, key):
        names = self._key(key)
        self.upload = {**names, "UploadId": self.s3.create_multipart_upload(**names)["UploadId"]}

    def _send(self, number):
        body = PARTS[number - 1]
        sent = self.s3.upload_part(**self.upload, PartNumber=number, Body=body)
        self.parts.append(sent["ETag"])

    def _put(self, key, body):
        self._write(key, body, lambda: self.s3.put_object(**self._key(key), Body=body))

    def _write(self, key, after, act):
        self.objects[key] = (*self.objects.get(key, (None,)), after)
        act()
        self.objects[key] = (after,)

    def _key(self, key):
        return {"Bucket": self.bucket, "Key": f"life/{key}"}

    # jobs
    def create_search(self):
        self._create("automl", "search", lambda: self._create_search("search", 2))

    def create_given_up(self):
        self._create("automl", "given-up", lambda: self._create_search("given-up", 40))

    def stop_given_up(self):
        self._once(self.sagemaker.stop_auto_ml_job, "stop", AutoMLJobName="given-up")

    def create_split(self):
        outputs = {"dataset": self.steps.dataset, "header": f"{self.steps.root}/header"}
        variables = {"TARGET_ATTRIBUTE_NAME": "y", "OBJECTIVE": "AUC"}
        table = {"table": f"s3://{self.bucket}/life/table.csv"}
        create = self.steps.create_processing
        self._create(
            "processing",
            "split",
            lambda: create("split", "sklearn-automl", table, outputs, **variables),
        )

    def create_training(self):
        create = self.steps.create
        self._create("training", "fit", lambda: create("fit", "linear-learner", {"_folds": "2"}))

    def put_batch(self):
        self._put("batch.csv", self.packed.row.encode() + b"\n")

    def create_transform(self):
        where = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{self.bucket}/life/batch.csv"}
        request = {
            "TransformJobName": "batch",
            "ModelName": "config-1",
            "TransformInput": {
                "DataSource": {"S3DataSource": where},
                "ContentType": "text/csv",
                "SplitType": "Line",
            },
            "TransformOutput": {"S3OutputPath": f"s3://{self.bucket}/batch/"},
            "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        }
        create = self.sagemaker.create_transform_job
        self._create("transform", "batch", lambda: create(**request))

    def wait_search(self):
        self._wait("automl", "search", "Completed")

    def wait_given_up(self):
        self._wait("automl", "given-up", "Stopped")

    def wait_split(self):
        self._wait("processing", "split", "Completed")

    def wait_training(self):
        self._wait("training", "fit", "Completed")

    def wait_transform(self):
        self._wait("transform", "batch", "Completed")

    def tag_search(self):
        name = self.sagemaker.describe_auto_ml_job(AutoMLJobName="search")["AutoMLJobArn"]
        self.sagemaker.add_tags(ResourceArn=name, Tags=[{"Key": "of", "Value": "life"}])

    def _create_search(self, name, n_candidates):
        where = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{self.bucket}/life/table.csv"}
        channel = {"DataSource": {"S3DataSource": where}, "TargetAttributeName": "y"}
        self.sagemaker.create_auto_ml_job(
            AutoMLJobName=name,
            InputDataConfig=[channel],
            OutputDataConfig={"S3OutputPath": f"s3://{self.bucket}/output"},
            RoleArn=self.front.env["WINDVANE_ROLE_ARN"],
            AutoMLJobConfig=limits(n_candidates, _NO_LIMIT_S),
        )

    def _wait(self, kind, name, status):
        until(lambda: status_of(describe(self.sagemaker, kind, name)) in FINAL)
        self.ended[kind, name] = found = self.look(kind, name)
        assert status_of(found[0]) == status, found

    def look(self, kind, name):
        """What a job is described as, the candidates that it has, and keys, sums and times of what it wrote."""
        described = describe(self.sagemaker, kind, name)
        plain = {member: it for member, it in described.items() if member != "ResponseMetadata"}
        candidates = []
        if kind == "automl":
            answer = self.sagemaker.list_candidates_for_auto_ml_job(AutoMLJobName=name)
            candidates = answer["Candidates"]
        prefix = {
            "automl": f"output/{name}",
            "processing": "steps/dataset/",
            "training": "steps/models/",
            "transform": "batch/",
        }[kind]
        pages = self.s3.get_paginator("list_objects_v2")
        written = {
            one["Key"]: (one["ETag"], one["LastModified"])
            for page in pages.paginate(Bucket=self.bucket, Prefix=prefix)
            for one in page.get("Contents", ())
        }
        return plain, candidates, written

    # models and the endpoint
    def create_model(self):
        self._create_model("config-1", "predicted_label")

    def create_other_model(self):
        self._create_model("config-2", "labels")

    def create_best_model(self):
        plain, _, _ = self.ended["automl", "search"]
        self._create_model_of("best", plain["BestCandidate"]["InferenceContainers"])

    def create_config(self):
        self._create_config("config-1")

    def create_other_config(self):
        self._create_config("config-2")

    def create_endpoint(self):
        names = {"EndpointName": "life", "EndpointConfigName": "config-1"}
        self._create("endpoint", "life", lambda: self.sagemaker.create_endpoint(**names))

    def wait_endpoint(self):
        self._wait_in_service("config-1")

    def update_endpoint(self):
        self.serving = ("config-1", "config-2")
        names = {"EndpointName": "life", "EndpointConfigName": "config-2"}
        self._once(self.sagemaker.update_endpoint, "in-progress", **names)

    def wait_update(self):
        self._wait_in_service("config-2")

    def invoke(self):
        """Whether it is being changed or not, it answers."""
        answer = self.front.client("sagemaker-runtime").invoke_endpoint(
            EndpointName="life", ContentType="text/csv", Body=self.packed.row
        )
        found = answer["Body"].read().strip()
        assert any(found in SAYS[config] for config in self.serving), found

    def delete_endpoint(self):
        self.serving = ()
        self.resources["endpoint", "life"] = "maybe"
        self._once(self.sagemaker.delete_endpoint, "Could not find", EndpointName="life")

    def wait_deleted(self):
        until(lambda: not self.sagemaker.list_endpoints()["Endpoints"])
        del self.resources["endpoint", "life"]

    def delete_config(self):
        delete = self.sagemaker.delete_endpoint_config
        self._delete("config", "config-2", delete, EndpointConfigName="config-2")

    def delete_model(self):
        self._delete("model", "config-2", self.sagemaker.delete_model, ModelName="config-2")

    def _create_model(self, name, keys):
        container = {
            "Image": image_uri(_SCOPE, ENSEMBLE),
            "ModelDataUrl": f"s3://{self.bucket}/life/whole.tar.gz",
            "Environment": {"SAGEMAKER_INFERENCE_OUTPUT": keys},
        }
        self._create_model_of(name, [container])

    def _create_model_of(self, name, containers):
        role = self.front.env["WINDVANE_ROLE_ARN"]
        request = {"ModelName": name, "Containers": containers, "ExecutionRoleArn": role}
        self._create("model", name, lambda: self.sagemaker.create_model(**request))

    def _create_config(self, name):
        variant = {
            "VariantName": "AllTraffic",
            "ModelName": name,
            "InitialInstanceCount": 1,
            "InstanceType": "ml.m5.large",
        }
        request = {"EndpointConfigName": name, "ProductionVariants": [variant]}
        self._create("config", name, lambda: self.sagemaker.create_endpoint_config(**request))

    def _wait_in_service(self, config):
        describe_endpoint = self.sagemaker.describe_endpoint
        until(lambda: describe_endpoint(EndpointName="life")["EndpointStatus"] not in _ON_ITS_WAY)
        found = describe_endpoint(EndpointName="life")
        assert found["EndpointStatus"] == "InService", found
        assert found["EndpointConfigName"] == config, found
        self.serving = (config,)

    # backups
    def begin_backup(self):
        if self.backups is not None:
            self.backups.begin(self)

    def end_backup(self):
        if self.backups is not None:
            self.sagemaker.list_models()  # not of a server that is gone
            self.backups.end(self)

    # each
    def _create(self, kind, name, call):
        self.resources[kind, name] = "maybe"
        self._once(call, "already exist")
        self.resources[kind, name] = "there"

    def _delete(self, kind, name, call, **names):
        self.resources[kind, name] = "maybe"
        self._once(call, "Could not find", **names)
        del self.resources[kind, name]

    def _once(self, call, refusal, **request):
        """Ask; one that asked before and got no answer may be refused because it had been done."""
        try:
            call(**request)
        except ClientError as error:
            if not (self.is_again and refusal in str(error)):
                raise


_ON_ITS_WAY = ("Creating", "Updating")


def describe(sagemaker, kind, name):
    return {
        "automl": lambda: sagemaker.describe_auto_ml_job(AutoMLJobName=name),
        "processing": lambda: sagemaker.describe_processing_job(ProcessingJobName=name),
        "training": lambda: sagemaker.describe_training_job(TrainingJobName=name),
        "transform": lambda: sagemaker.describe_transform_job(TransformJobName=name),
    }[kind]()


def status_of(described):
    [status] = [described[member] for member in STATUSES if member in described]
    return status


def until(condition):
    give_up = time.monotonic() + _GIVE_UP_S
    while not condition():
        assert time.monotonic() < give_up, "the condition was not met in time"
        time.sleep(0.1)


UPLOADS = (
    Life.put_table,
    Life.put_large,
    Life.put_small,
    Life.begin_parts,
    Life.send_first_part,
    Life.send_last_part,
    Life.complete_parts,
    Life.replace_large,
    Life.copy_large,
    Life.delete_copy,
)
ALL = (
    Life.put_table,
    Life.create_search,
    Life.put_large,
    Life.put_archive,
    Life.create_model,
    Life.create_config,
    Life.create_endpoint,
    Life.begin_parts,
    Life.send_first_part,
    Life.begin_backup,
    Life.send_last_part,
    Life.complete_parts,
    Life.create_split,
    Life.put_small,
    Life.replace_large,
    Life.copy_large,
    Life.put_batch,
    Life.wait_split,
    Life.create_training,
    Life.create_transform,
    Life.create_other_model,
    Life.create_other_config,
    Life.wait_endpoint,
    Life.invoke,
    Life.update_endpoint,
    Life.invoke,
    Life.end_backup,
    Life.wait_training,
    Life.wait_update,
    Life.invoke,
    Life.tag_search,
    Life.wait_transform,
    Life.begin_cut,
    Life.send_first_part,
    Life.begin_backup,
    Life.wait_search,
    Life.create_given_up,
    Life.create_best_model,
    Life.abort_cut,
    Life.delete_endpoint,
    Life.delete_copy,
    Life.stop_given_up,
    Life.end_backup,
    Life.delete_several,
    Life.wait_deleted,
    Life.delete_config,
    Life.delete_model,
    Life.abort_unknown,
    Life.wait_given_up,
)
