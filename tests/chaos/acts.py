"""What clients do while hosts fail: they predict, write and have jobs done, and remember what was acknowledged."""

import itertools
import math
import threading
import time
from contextlib import contextmanager

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from journeys.deploying import Deploying
from journeys.running import FINAL, limits
from journeys.several import Balanced
from journeys.small import table

ROLE = "arn:aws:iam::000000000000:role/windvane"
TWICE = Config(retries={"total_max_attempts": 1}, read_timeout=25, connect_timeout=8)
"""A client behind a load balancer, which asks the next server after this time.

A connection's first packets are sent after 0, 1, 3 and 7 s, so that one lost while a network changes is no failure.
"""


class Predictions:
    """Requests to endpoints at a steady rate, each endpoint in a thread of its own.

    failures    by endpoint: of those that no server answered
    """

    def __init__(self, servers, names, row, rate):
        self._names, self._row, self._interval_s = names, row, len(names) / rate
        self._clients = {
            name: Balanced(servers, "sagemaker-runtime", config=TWICE) for name in names
        }
        self.failures = {name: [] for name in names}
        self.answers = dict.fromkeys(names, 0)
        self.bodies = set()
        self.slowest_s = 0.0
        self._is_over = threading.Event()

    @contextmanager
    def running(self):
        threads = [threading.Thread(target=self._run, args=(name,)) for name in self._names]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            self._is_over.set()
            for thread in threads:
                thread.join()

    def _run(self, name):
        due = time.monotonic()
        while not self._is_over.wait(max(0.0, due - time.monotonic())):
            began = time.monotonic()
            due = max(due + self._interval_s, began)
            try:
                answer, _ = self._clients[name].ask(
                    "invoke_endpoint", EndpointName=name, ContentType="text/csv", Body=self._row
                )
                self.bodies.add(answer["Body"].read())
                self.answers[name] += 1
            except (ClientError, BotoCoreError) as error:
                self.failures[name].append(repr(error)[:300])
            self.slowest_s = max(self.slowest_s, time.monotonic() - began)


class Writes:
    """Objects and models, one after the other, and which of them were acknowledged."""

    def __init__(self, servers, deploying):
        self._s3, self._sagemaker = (
            Balanced(servers, name, config=TWICE) for name in ("s3", "sagemaker")
        )
        self._bucket = deploying.server.env["WINDVANE_BUCKET"]
        self._containers = deploying.whole()
        self.objects, self.models, self.n_refused = [], [], 0
        self._is_over = threading.Event()

    @contextmanager
    def running(self):
        thread = threading.Thread(target=self._run)
        thread.start()
        try:
            yield self
        finally:
            self._is_over.set()
            thread.join()

    def _run(self):
        for number in itertools.count():
            if self._is_over.wait(0.5):
                return
            name = f"written-{number}"
            try:
                self._s3.ask("put_object", Bucket=self._bucket, Key=name, Body=name.encode())
                self.objects.append(name)
                self._sagemaker.ask(
                    "create_model",
                    ModelName=name,
                    Containers=self._containers,
                    ExecutionRoleArn=ROLE,
                )
                self.models.append(name)
            except (ClientError, BotoCoreError):
                self.n_refused += 1

    def lost(self, server):
        """What was acknowledged and is not there."""
        s3, pages = server.client("s3"), server.client("sagemaker").get_paginator("list_models")
        listed = {one["ModelName"] for page in pages.paginate() for one in page["Models"]}
        gone = [name for name in self.models if name not in listed]
        for name in self.objects:
            try:
                body = s3.get_object(Bucket=self._bucket, Key=name)["Body"].read()
            except ClientError:
                body = b""
            if body != name.encode():
                gone.append(name)
        return gone


class Jobs:
    """AutoML jobs, of which a few are open at any time until all were begun.

    n_jobs    how many in all; math.inf for as many as there is time for until `begin_no_more`
    at_least  how many there are then
    """

    def __init__(self, servers, n_jobs, n_open, at_least=0):
        self._servers, self._n_jobs, self._n_open = servers, n_jobs, n_open
        self._at_least = at_least
        self._sagemaker = Balanced(servers, "sagemaker", config=TWICE)
        self._uri = servers[0].upload("chaos/train.csv", table(of_classes=True))
        self.ended = {}
        self._open = []

    def look(self):
        """Begin jobs if there is room; jobs that no server takes at the moment are begun later."""
        try:
            for name in list(self._open):
                job, _ = self._sagemaker.ask("describe_auto_ml_job", AutoMLJobName=name)
                if job["AutoMLJobStatus"] in FINAL:
                    self.ended[name] = job
                    self._open.remove(name)
            while len(self._open) < self._n_open and self.n_begun < self._n_jobs:
                self._begin(f"chaos-{self.n_begun}")
        except (ClientError, BotoCoreError):
            return

    def begin_no_more(self):
        """Unless it was said how many there are to be."""
        if math.isinf(self._n_jobs):
            self._n_jobs = max(self.n_begun, self._at_least)

    @property
    def n_begun(self):
        return len(self.ended) + len(self._open)

    def are_over(self):
        self.look()
        return len(self.ended) == self._n_jobs

    def _begin(self, name):
        """A request whose answer got lost may have begun it."""
        one, *_ = self._servers
        source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": self._uri}}
        try:
            self._sagemaker.ask(
                "create_auto_ml_job",
                AutoMLJobName=name,
                InputDataConfig=[{"DataSource": source, "TargetAttributeName": "y"}],
                OutputDataConfig={"S3OutputPath": f"s3://{one.env['WINDVANE_BUCKET']}/output"},
                RoleArn=one.env["WINDVANE_ROLE_ARN"],
                AutoMLJobConfig=limits(2, 900),
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceInUse":
                raise
        self._open.append(name)


def endpoints(server, packed, n_of_one, n_of_two):
    """The names of endpoints of one instance and of those of two, all in service."""
    deploying = Deploying(server, packed)
    of_one = [f"one-{number}" for number in range(n_of_one)]
    of_two = [f"two-{number}" for number in range(n_of_two)]
    for name in of_one + of_two:
        instances = 2 if name in of_two else 1
        deploying.create_config(
            *(name, deploying.whole()), InitialInstanceCount=instances, InstanceType="ml.m5.large"
        )
        deploying.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    for name in of_one + of_two:
        deploying.wait(name)
    return deploying, of_one, of_two
