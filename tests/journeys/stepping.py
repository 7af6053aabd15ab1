"""Step jobs of a running server, as boto3 sees them."""

from windvane.domain.images import image_uri
from windvane.names import Scope

CLUSTER = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
WAIT = {"Delay": 0.2, "MaxAttempts": 1200}


def image(name):
    return image_uri(Scope("000000000000", "us-east-1"), name)


class Steps:
    """Creates step jobs below one prefix and waits for their ends."""

    def __init__(self, server):
        self.server = server
        self.sagemaker = server.client("sagemaker")
        self.root = f"s3://{server.env['WINDVANE_BUCKET']}/steps"
        self.dataset = f"{self.root}/dataset"

    def read(self, table):
        """A dataset of a CSV file in S3."""
        outputs = {"dataset": self.dataset, "header": f"{self.root}/header"}
        variables = {"TARGET_ATTRIBUTE_NAME": "y", "OBJECTIVE": "AUC"}
        return self.process("split", "sklearn-automl", {"table": table}, outputs, **variables)

    def process(self, name, algorithm, inputs, outputs, **environment):
        self.create_processing(name, algorithm, inputs, outputs, **environment)
        waiter = self.sagemaker.get_waiter("processing_job_completed_or_stopped")
        waiter.wait(ProcessingJobName=name, WaiterConfig=WAIT)
        return self.sagemaker.describe_processing_job(ProcessingJobName=name)

    def create_processing(self, name, algorithm, inputs, outputs, **environment):
        self.sagemaker.create_processing_job(
            ProcessingJobName=name,
            AppSpecification={"ImageUri": image(algorithm)},
            RoleArn=self.server.env["WINDVANE_ROLE_ARN"],
            ProcessingInputs=[
                {
                    "InputName": one,
                    "S3Input": {
                        "S3Uri": uri,
                        "LocalPath": f"/opt/ml/processing/{one}",
                        "S3DataType": "S3Prefix",
                        "S3InputMode": "File",
                    },
                }
                for one, uri in inputs.items()
            ],
            ProcessingOutputConfig={
                "Outputs": [
                    {
                        "OutputName": one,
                        "S3Output": {
                            "S3Uri": uri,
                            "LocalPath": f"/opt/ml/processing/{one}",
                            "S3UploadMode": "EndOfJob",
                        },
                    }
                    for one, uri in outputs.items()
                ]
            },
            ProcessingResources={"ClusterConfig": CLUSTER},
            StoppingCondition={"MaxRuntimeInSeconds": 600},
            Environment=environment,
        )

    def create(self, name, algorithm, hyperparameters, members=(), max_runtime_s=600):
        channels = {"dataset": self.dataset}
        channels |= {f"member-{n}": self.output(one) for n, one in enumerate(members, 1)}
        self._create(name, algorithm, hyperparameters, channels, {}, max_runtime_s)

    def create_on_rows(self, name, algorithm, hyperparameters, root, content_type):
        """Of rows below root/train/, scored on those below root/validation/."""
        channels = {one: f"{root}/{one}/" for one in ("train", "validation")}
        written = {"ContentType": content_type}
        self._create(name, algorithm, hyperparameters, channels, written, 600)

    def _create(self, name, algorithm, hyperparameters, channels, written, max_runtime_s):
        self.sagemaker.create_training_job(
            TrainingJobName=name,
            AlgorithmSpecification={
                "TrainingImage": image(algorithm),
                "TrainingInputMode": "File",
            },
            HyperParameters=hyperparameters,
            RoleArn=self.server.env["WINDVANE_ROLE_ARN"],
            InputDataConfig=[
                {
                    "ChannelName": one,
                    "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}},
                    **written,
                }
                for one, uri in channels.items()
            ],
            OutputDataConfig={"S3OutputPath": f"{self.root}/models"},
            ResourceConfig=CLUSTER,
            StoppingCondition={"MaxRuntimeInSeconds": max_runtime_s},
        )

    def wait(self, name):
        waiter = self.sagemaker.get_waiter("training_job_completed_or_stopped")
        waiter.wait(TrainingJobName=name, WaiterConfig=WAIT)
        return self.described(name)

    def described(self, name):
        return self.sagemaker.describe_training_job(TrainingJobName=name)

    def train(self, name, algorithm, hyperparameters, members=()):
        self.create(name, algorithm, hyperparameters, members)
        return self.wait(name)

    def output(self, name):
        return f"{self.root}/models/{name}/output/"

    def keys_below(self, uri):
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        found = self.server.client("s3").list_objects_v2(Bucket=bucket, Prefix=key)
        return [one["Key"].removeprefix(key).lstrip("/") for one in found["Contents"]]

    def answer(self, name, containers, row):
        role = self.server.env["WINDVANE_ROLE_ARN"]
        self.sagemaker.create_model(ModelName=name, ExecutionRoleArn=role, Containers=containers)
        self.sagemaker.create_endpoint_config(
            EndpointConfigName=name,
            ProductionVariants=[
                {
                    "VariantName": "all",
                    "ModelName": name,
                    "InitialInstanceCount": 1,
                    "InstanceType": "ml.m5.large",
                }
            ],
        )
        self.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
        self.sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig=WAIT)
        answer = self.server.client("sagemaker-runtime").invoke_endpoint(
            EndpointName=name, ContentType="text/csv", Body=row
        )
        self.sagemaker.delete_endpoint(EndpointName=name)
        return answer["Body"].read().decode().strip()
