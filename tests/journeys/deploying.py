"""Models and endpoints of the packed model, without a job."""

import os
import signal
from pathlib import Path

from windvane.domain.images import ENSEMBLE, TRANSFORMERS, image_uri
from windvane.names import Scope

SCOPE = Scope("000000000000", "us-east-1")
KEYS = "predicted_label,probability,probabilities,labels"


class Deploying:
    """On a server, with the archives of a packed model uploaded."""

    def __init__(self, server, packed):
        self.server = server
        self.sagemaker = server.client("sagemaker")
        self.urls = {
            name: server.upload(f"packed/{name}.tar.gz", file.read_bytes())
            for name, file in (
                ("transformers", packed.transformers),
                ("model", packed.model),
                ("whole", packed.whole),
            )
        }

    def whole(self, keys="predicted_label"):
        """CreateModel's containers of the model in one archive."""
        return [self._container(ENSEMBLE, "whole", SAGEMAKER_INFERENCE_OUTPUT=keys)]

    def pipeline(self, keys="predicted_label"):
        """The containers of an HPO candidate with keys as the SDK writes them: each container is asked for those
        of the keys that it supports, in their order, and reads what the one before it gives."""
        given = [key.strip() for key in keys.split(",")]
        middle = ",".join(key for key in given if key != "labels")
        return [
            self._container(
                TRANSFORMERS, "transformers", AUTOML_TRANSFORM_MODE="feature-transform"
            ),
            self._container("lightgbm", "model", SAGEMAKER_INFERENCE_OUTPUT=middle),
            self._container(
                TRANSFORMERS,
                "transformers",
                AUTOML_TRANSFORM_MODE="inverse-label-transform",
                SAGEMAKER_INFERENCE_INPUT=middle,
                SAGEMAKER_INFERENCE_OUTPUT=keys,
                SAGEMAKER_INFERENCE_SUPPORTED=KEYS,
            ),
        ]

    def _container(self, algorithm, archive, **environment):
        return {
            "Image": image_uri(SCOPE, algorithm),
            "ModelDataUrl": self.urls[archive],
            "Environment": environment,
        }

    def create_config(self, name, containers, **variant):
        """A model and an endpoint configuration of one variant."""
        self.sagemaker.create_model(
            ModelName=name,
            Containers=containers,
            InferenceExecutionConfig={"Mode": "Serial"},
            EnableNetworkIsolation=False,
        )
        given = variant or {"InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
        self.sagemaker.create_endpoint_config(
            EndpointConfigName=name,
            ProductionVariants=[{"VariantName": "AllTraffic", "ModelName": name, **given}],
        )

    def create(self, name, config):
        self.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config)
        self.wait(name)

    def wait(self, name, waiter="endpoint_in_service"):
        config = {"Delay": 0.2, "MaxAttempts": 1000}
        self.sagemaker.get_waiter(waiter).wait(EndpointName=name, WaiterConfig=config)

    def status(self, name):
        return self.sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"]

    def delete(self, name):
        self.sagemaker.delete_endpoint(EndpointName=name)
        self.wait(name, "endpoint_deleted")

    def model_processes(self):
        """Pids of those of all endpoints."""
        return model_processes_of(self.server)


def model_processes_of(server):
    return {pid for pid in server.children() if _serves(pid)}


def _serves(pid):
    try:
        return b"windvane.serving.instance" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def kill(pid):
    os.kill(pid, signal.SIGKILL)
