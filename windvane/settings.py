"""Everything that can be configured, as one frozen value; settings_file.py reads it from a file."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from urllib.parse import urlsplit

from windvane.errors import WindvaneError

DEFAULT_ACCOUNT = "000000000000"
DEFAULT_REGION = "us-east-1"
_BUCKET_NAMES = re.compile(r"[a-z0-9][a-z0-9.-]{2,62}\*?")
_SHORTEST_SECRET = 16
_NEVER_ZERO = frozenset(
    {
        "max_candidates",
        "max_runtime_s",
        "max_data_bytes",
        "max_columns",
        "body_bytes",
        "body_bytes_per_peer",
    }
)
"""Limits with which nothing could be done if they were 0."""

_WEBHOOK_NAME = re.compile(r"[A-Za-z0-9._-]{1,63}")


class BadSettings(WindvaneError):
    """The configuration file is wrong; the text says which entry and what would be right."""


def _check_at_least(where: str, value: int, least: int) -> None:
    if value < least:
        raise BadSettings(f"{where} must be {least} or more, not {value}.")


def _no_accounts(given: Sequence[str]) -> list[str]:
    """Return those that are no accounts."""
    return [one for one in given if not re.fullmatch(r"[0-9]{12}", str(one))]


@dataclass(frozen=True)
class AccessKey:
    """A pair of keys of one account."""

    account: str
    access_key: str
    secret_key: str = field(repr=False)


@dataclass(frozen=True)
class Role:
    """A role that jobs may run as. Empty tuples allow nothing; '*' allows every bucket of the account."""

    arn: str
    read: tuple[str, ...] = ("*",)
    write: tuple[str, ...] = ("*",)


@dataclass(frozen=True)
class S3Settings:
    """An external S3 store ([s3]); without this section the embedded one is used."""

    endpoint: str
    access_key: str
    secret_key: str = field(repr=False)
    region: str = DEFAULT_REGION
    path_style: bool = True

    def __post_init__(self) -> None:
        if self.endpoint and not re.fullmatch(r"https?://[^/?#@\s]+(/[^?#\s]*)?", self.endpoint):
            raise BadSettings(
                f"[s3] endpoint is '{self.endpoint}'; it must be of the form https://HOST or https://HOST:PORT, or empty for "
                "AWS's own."
            )


@dataclass(frozen=True)
class BucketSettings:
    """Buckets that are read from elsewhere ([[buckets]]); nothing is written to them.

    name          of one bucket, or the beginning of names and `*`
    folder        whose files are the objects; relative to the configuration file
    endpoint      of another S3 store, in place of a folder
    access_key    "" reads without a signature
    accounts      that may read; () means every one
    """

    name: str
    folder: str = ""
    endpoint: str = ""
    access_key: str = ""
    secret_key: str = field(default="", repr=False)
    region: str = DEFAULT_REGION
    accounts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not _BUCKET_NAMES.fullmatch(self.name):
            raise BadSettings(
                f"[[buckets]] name is '{self.name}'; it must be the name of a bucket, or its first three or more "
                "characters and '*'."
            )
        if bool(self.folder) == bool(self.endpoint):
            raise BadSettings(f"[[buckets]] {self.name} must have either a folder or an endpoint.")
        if self.endpoint and not re.fullmatch(r"https?://[^/?#]+", self.endpoint.rstrip("/")):
            raise BadSettings(
                f"[[buckets]] {self.name}: the endpoint is '{self.endpoint}'; it must be of the form "
                "https://HOST or https://HOST:PORT."
            )
        if bool(self.access_key) != bool(self.secret_key) or (self.folder and self.access_key):
            raise BadSettings(
                f"[[buckets]] {self.name}: access_key and secret_key must be given together, and with an endpoint."
            )


@dataclass(frozen=True)
class EngineSettings:
    """Settings of learning ([engine]).

    calibrate        probabilities get a temperature where it helps on other rows
    tune_threshold   F1 and BalancedAccuracy of two classes get a threshold of their own; 0.5 if not
    chronos_bolt     folder with the weights of Chronos-Bolt, which forecasting jobs then try, too; relative to the
                     configuration file
    """

    calibrate: bool = True
    tune_threshold: bool = True
    chronos_bolt: str = ""


@dataclass(frozen=True)
class LimitSettings:
    """Quotas and bounds ([limits]).

    concurrent_jobs       AutoML jobs in progress per account and region
    jobs_in_flight        jobs of every kind per account, in all regions
    max_candidates        a job's MaxCandidates when it names none
    max_runtime_s         a job's MaxAutoMLJobRuntimeInSeconds when it names none
    instances             model processes per account
    workers_per_account   training workers that one account may hold at once, a core each; 0 means all of them
    stored_bytes          of S3 objects that one account may come to store by uploads; 0 means any number
    model_bytes           that models of one account's endpoints may take, unpacked; 0 means any number
    max_data_bytes        decompressed training data of one job
    max_columns           columns of one table
    requests_per_s        signed requests of one account, of any service, and what its people ask of the console; 0 means no limit
    failed_requests       with wrong keys or signatures, and sign-ins, of one peer or with one key, that are told as
                          what they are; one more every two seconds, and what is beyond is throttled
    body_bytes            of all request bodies that are in memory at once
    body_bytes_per_peer   of those from one address, and of those of one account
    """

    concurrent_jobs: int = 4
    jobs_in_flight: int = 200
    max_candidates: int = 250
    max_runtime_s: int = 3600
    instances: int = 20
    workers_per_account: int = 0
    stored_bytes: int = 0
    model_bytes: int = 20 * 1000**3
    max_data_bytes: int = 100 * 1000**3
    max_columns: int = 10_000
    requests_per_s: int = 0
    failed_requests: int = 30
    body_bytes: int = 256 << 20
    body_bytes_per_peer: int = 128 << 20

    def __post_init__(self) -> None:
        for entry in fields(self):
            least = 1 if entry.name in _NEVER_ZERO else 0
            _check_at_least(f"[limits] {entry.name}", getattr(self, entry.name), least)


@dataclass(frozen=True)
class AuditSettings:
    """The audit log ([audit]). What changes something, sign-ins and what was refused are always recorded.

    reads             also operations that change nothing
    invocations       also InvokeEndpoint and its kin
    objects           also what reads or writes objects of S3
    retention_days    that files are kept; 0 means for ever
    max_bytes         of all files together; the oldest of the account that has most go first
    """

    reads: bool = True
    invocations: bool = False
    objects: bool = False
    retention_days: int = 90
    max_bytes: int = 4 << 30

    def __post_init__(self) -> None:
        _check_at_least("[audit] retention_days", self.retention_days, 0)
        _check_at_least("[audit] max_bytes", self.max_bytes, 1 << 20)


@dataclass(frozen=True)
class ArtifactSettings:
    """The artefacts of a job that stay in S3.

    kept_models       single candidates whose models are kept when the job has ended, the best ones; 0 means all. The
                      best candidate's, ensembles' and their members' are kept in any case
    transformed_rows  written of each part of the data that a recipe transformed; 0 means none
    """

    kept_models: int = 0
    transformed_rows: int = 20_000

    def __post_init__(self) -> None:
        for entry in fields(self):
            if (value := getattr(self, entry.name)) < 0:
                raise BadSettings(f"[artifacts] {entry.name} must be 0 or more, not {value}.")


@dataclass(frozen=True)
class ExchangeSettings:
    """The exchange of data between the tasks of a job ([exchange]).

    kind      "folder": in a folder of the job, on this machine; "store": through the S3 store, so that any machine may do
              any task
    bucket    that they do so in; it is the server's own, and no account can use it
    """

    kind: str = "folder"
    bucket: str = "windvane-exchange"

    def __post_init__(self) -> None:
        if self.kind not in ("folder", "store"):
            raise BadSettings(f"[exchange] kind must be 'folder' or 'store', not '{self.kind}'.")
        if self.bucket.endswith("*") or not _BUCKET_NAMES.fullmatch(self.bucket):
            raise BadSettings(f"[exchange] bucket is '{self.bucket}'; it must be a bucket's name.")

    @property
    def is_store(self) -> bool:
        return self.kind == "store"


@dataclass(frozen=True)
class ExecutorSettings:
    """The place where tasks of jobs run ([executor]).

    kind         "local": on this machine; "ray": on the nodes of a Ray cluster
    address      of the cluster's head, HOST:PORT
    token_file   with the token of the cluster; relative to the configuration file
    tls_cert, tls_key, tls_ca
                 PEM files of this machine for TLS within the cluster; relative to the configuration file
    insecure     allow traffic with other machines without TLS, the token included
    tasks        of this server that run at the same time
    cpus         of a task that uses several cores
    memory_mb    of each task
    cache_mb     that a node uses of its disk for what tasks of a job read more than once
    data_parallel_rows
                 of a table, from which on the long run of a job is trained data-parallel by several nodes; 0 means never
    data_parallel_nodes
                 that train one model, at most
    """

    kind: str = "local"
    address: str = ""
    token_file: str = ""
    tls_cert: str = ""
    tls_key: str = ""
    tls_ca: str = ""
    insecure: bool = False
    tasks: int = 8
    cpus: int = 1
    memory_mb: int = 4096
    cache_mb: int = 10_000
    data_parallel_rows: int = 0
    data_parallel_nodes: int = 4

    def __post_init__(self) -> None:
        if self.kind not in ("local", "ray"):
            raise BadSettings(f"[executor] kind must be 'local' or 'ray', not '{self.kind}'.")
        for name in ("tasks", "cpus", "memory_mb", "cache_mb"):
            _check_at_least(f"[executor] {name}", getattr(self, name), 1)
        _check_at_least("[executor] data_parallel_rows", self.data_parallel_rows, 0)
        _check_at_least("[executor] data_parallel_nodes", self.data_parallel_nodes, 2)
        if not self.is_ray and self.data_parallel_rows:
            raise BadSettings(
                '[executor] data_parallel_rows needs a cluster, on whose nodes one model is trained: kind = "ray".'
            )
        if not self.is_ray:
            return
        if not re.fullmatch(r"[^/@\s]+:[0-9]{1,5}", self.address):
            raise BadSettings(
                f"[executor] address is '{self.address}'; it must be that of the cluster's head, of the form HOST:PORT."
            )
        if not self.token_file:
            raise BadSettings(
                "[executor] token_file must name the file with the token of the cluster: whoever reaches a cluster without a token "
                "runs code on all of its nodes. `windvane cluster up` makes a token."
            )
        if len({bool(self.tls_cert), bool(self.tls_key), bool(self.tls_ca)}) > 1:
            raise BadSettings("[executor] tls_cert, tls_key and tls_ca must be given together.")

    @property
    def is_ray(self) -> bool:
        return self.kind == "ray"


@dataclass(frozen=True)
class ServingSettings:
    """Settings of endpoints ([serving]).

    queue       requests that may wait for each instance; more are turned away
    memory_mb   cap of one model process of an instance
    idle_s      seconds after which the processes of a serverless variant go that nobody asks
    instance_mb
                that an instance is counted with where servers share a store and divide instances by memory
    host_memory_mb
                that this server offers to instances then; 0 means the machine's
    """

    queue: int = 100
    memory_mb: int = 4096
    idle_s: int = 300
    instance_mb: int = 512
    host_memory_mb: int = 0

    def __post_init__(self) -> None:
        for entry in fields(self):
            least = 0 if entry.name == "host_memory_mb" else 1
            if (value := getattr(self, entry.name)) < least:
                raise BadSettings(f"[serving] {entry.name} must be {least} or more, not {value}.")


@dataclass(frozen=True)
class ScalingSettings:
    """Settings of autoscaling ([scaling]).

    period_s    seconds over which the requests of a variant are averaged; out after 3 periods, in after 15
    """

    period_s: float = 60.0

    def __post_init__(self) -> None:
        if not 0.1 <= self.period_s <= 3600:
            raise BadSettings(
                f"[scaling] period_s must be between 0.1 and 3600, not {self.period_s}."
            )


@dataclass(frozen=True)
class LogSettings:
    """Logs ([logs]).

    retention_days    that lines are kept which CloudWatch's operations show; 0 means for ever
    format            of the server's own log: "text" for people, "json" for programs
    """

    retention_days: int = 30
    format: str = "text"

    def __post_init__(self) -> None:
        if self.format not in ("text", "json"):
            raise BadSettings(f"[logs] format must be 'text' or 'json', not '{self.format}'.")
        _check_at_least("[logs] retention_days", self.retention_days, 0)


@dataclass(frozen=True)
class TracingSettings:
    """Traces ([tracing]).

    enabled         whether they are exported, by OTLP over HTTP; needs the extra `otel`
    endpoint        of the collector, to which /v1/traces is added; "" for what the variables OTEL_EXPORTER_OTLP_ENDPOINT and
                    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT say, or http://localhost:4318
    sample_ratio    share of the requests that are traced, 0 to 1
    trusted_accounts
                    accounts whose requests are traced whatever the share is, if their `traceparent` says so; the server's
                    own is one of them
    """

    enabled: bool = False
    endpoint: str = ""
    sample_ratio: float = 1.0
    trusted_accounts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if wrong := _no_accounts(self.trusted_accounts):
            raise BadSettings(
                f"[tracing] trusted_accounts has '{wrong[0]}'; an account has 12 digits."
            )
        if self.endpoint and not re.fullmatch(r"https?://[^?#@\s]+", self.endpoint):
            raise BadSettings(
                f"[tracing] endpoint is '{self.endpoint}'; it must be of the form https://HOST:PORT or http://HOST:PORT. What "
                "the collector asks for besides goes into the variable OTEL_EXPORTER_OTLP_HEADERS."
            )
        if not 0.0 <= self.sample_ratio <= 1.0:
            raise BadSettings(
                f"[tracing] sample_ratio must be between 0 and 1, not {self.sample_ratio}."
            )


@dataclass(frozen=True)
class MlflowSettings:
    """The MLflow server that ended AutoML jobs are logged to ([mlflow]).

    tracking_uri        of MLflow; "" logs none. Needs the extra `mlflow`
    experiment          that is made if there is none of the name; {account} in it is the account of the job
    credentials_file    with environment variables for MLflow's client; "" for those of the server's own environment
    accounts            whose jobs are logged; () for the account of the server alone
    give_up_s           a job that cannot be logged is given up so long after its end
    """

    tracking_uri: str = ""
    experiment: str = "windvane"
    credentials_file: str = ""
    accounts: tuple[str, ...] = ()
    give_up_s: int = 86_400

    def __post_init__(self) -> None:
        if self.tracking_uri and not _TRACKING_URI.fullmatch(self.tracking_uri):
            raise BadSettings(
                "[mlflow] tracking_uri must be of the form https://HOST/PATH or http://HOST:PORT, without user, password or "
                "query: what MLflow asks for besides goes into the file of credentials_file."
            )
        if not self.experiment.strip():
            raise BadSettings("[mlflow] experiment must be the name of an experiment, not empty.")
        if wrong := _no_accounts(self.accounts):
            raise BadSettings(f"[mlflow] accounts has '{wrong[0]}'; an account has 12 digits.")
        _check_at_least("[mlflow] give_up_s", self.give_up_s, 1)


_TRACKING_URI = re.compile(r"https?://[^/?#@\s]+(?:/[^?#@\s]*)?")


@dataclass(frozen=True)
class EventSettings:
    """State changes ([events]).

    retention_days    that they are kept for streams and webhooks; 0 means for ever
    streams           clients that may follow them over HTTP at once, half of them of one account
    """

    retention_days: int = 7
    streams: int = 128

    def __post_init__(self) -> None:
        _check_at_least("[events] retention_days", self.retention_days, 0)
        _check_at_least("[events] streams", self.streams, 1)


@dataclass(frozen=True)
class Webhook:
    """The destination of events ([[webhooks]]).

    secret        signs each delivery
    detail_types  that are delivered; () for all
    jobs          names of AutoML jobs whose events are delivered; () for all, of every account
    give_up_s     an event that cannot be delivered is skipped once it is so old
    name          by which jobs ask for it: it is told of the ends of those that do, and of nothing else; "" if it does
                  not wait to be asked for
    accounts      whose jobs may ask for it; () for all
    """

    url: str = field(repr=False)
    secret: str = field(repr=False)
    detail_types: tuple[str, ...] = ()
    jobs: tuple[str, ...] = ()
    give_up_s: int = 86_400
    name: str = ""
    accounts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.url)
            is_good = parts.scheme in ("http", "https") and parts.hostname and not parts.username
            is_good = is_good and (parts.port is None or parts.port > 0)
        except ValueError:
            is_good = False
        if not is_good:
            raise BadSettings(
                "[[webhooks]] url must be of the form https://HOST/PATH or http://HOST/PATH, without a user's name."
            )
        if len(self.secret) < _SHORTEST_SECRET:
            raise BadSettings(
                f"[[webhooks]] secret must have at least {_SHORTEST_SECRET} characters; `openssl rand -hex 32` makes one."
            )
        _check_at_least("[[webhooks]] give_up_s", self.give_up_s, 1)
        if self.name and not _WEBHOOK_NAME.fullmatch(self.name):
            raise BadSettings(
                f"[[webhooks]] name '{self.name[:100]}' must have at most 63 characters: letters, digits, '.', '_' and '-'."
            )
        if self.name and (self.detail_types or self.jobs):
            raise BadSettings(
                "[[webhooks]] with a name is told of the ends of jobs that ask for it: it has neither detail_types nor jobs."
            )
        if self.accounts and not self.name:
            raise BadSettings(
                "[[webhooks]] accounts are those whose jobs may ask for it by its name, which is missing."
            )


@dataclass(frozen=True)
class SandboxSettings:
    """The sandbox of tasks and model processes ([sandbox]).

    require      whether to refuse to start on a machine that lacks Landlock or seccomp
    first_user   of the numbers that processes run under, if the server is root; no account of the machine may have one
    users        how many
    """

    require: bool = False
    first_user: int = 61_000
    users: int = 1_000

    def __post_init__(self) -> None:
        _check_at_least("[sandbox] first_user", self.first_user, 1_000)
        _check_at_least("[sandbox] users", self.users, 1)


@dataclass(frozen=True)
class NetworkSettings:
    """A network that jobs and models may name ([[networks]])."""

    subnets: tuple[str, ...]
    security_groups: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.subnets or not self.security_groups:
            raise BadSettings("[[networks]] must have one or more subnets and security_groups.")


@dataclass(frozen=True)
class ConsoleSettings:
    """The pages for a browser ([console]).

    hosts        names that browsers use for this server besides localhost, its own and every address
    behind_tls   browsers reach it through a proxy that speaks TLS, and in no other way
    """

    hosts: tuple[str, ...] = ()
    behind_tls: bool = False


@dataclass(frozen=True)
class Settings:
    """The configuration of a server.

    data_dir   where all state lives
    store_url     SQLAlchemy URL; "" means SQLite in data_dir
    workers       training workers; each runs one candidate at a time on one thread
    memory_mb     memory that all workers share; 0 means three quarters of the machine's
    tls_cert      PEM file with the certificate to show, and what it was signed with; "" means no TLS
    tls_key       PEM file with its key
    address       URL at which other servers on the same database reach this one; "" for the one that it listens on
    metrics       HOST:PORT that /metrics is served on, and not with the API; "" means with the API
    master_key    what encryption keys are sealed under, from the environment; "" for that of the data folder
    """

    data_dir: Path
    host: str = "127.0.0.1"
    port: int = 8470
    tls_cert: str = ""
    tls_key: str = ""
    address: str = ""
    metrics: str = ""
    store_url: str = field(default="", repr=False)
    workers: int = field(default_factory=lambda: os.cpu_count() or 1)
    memory_mb: int = 0
    account: str = DEFAULT_ACCOUNT
    keys: tuple[AccessKey, ...] = ()
    roles: tuple[Role, ...] = ()
    engine: EngineSettings = EngineSettings()
    s3: S3Settings | None = None
    limits: LimitSettings = LimitSettings()
    audit: AuditSettings = AuditSettings()
    artifacts: ArtifactSettings = ArtifactSettings()
    exchange: ExchangeSettings = ExchangeSettings()
    executor: ExecutorSettings = ExecutorSettings()
    buckets: tuple[BucketSettings, ...] = ()
    serving: ServingSettings = ServingSettings()
    scaling: ScalingSettings = ScalingSettings()
    logs: LogSettings = LogSettings()
    tracing: TracingSettings = TracingSettings()
    mlflow: MlflowSettings = MlflowSettings()
    events: EventSettings = EventSettings()
    webhooks: tuple[Webhook, ...] = ()
    console: ConsoleSettings = ConsoleSettings()
    master_key: str = field(default="", repr=False)
    sandbox: SandboxSettings = SandboxSettings()
    networks: tuple[NetworkSettings, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65_535:
            raise BadSettings(
                f"[server] port must be between 1 and 65535, or 0 for a free one, not {self.port}."
            )
        _check_at_least("[work] workers", self.workers, 1)
        _check_at_least("[work] memory_mb", self.memory_mb, 0)
        if self.address and not re.fullmatch(r"https?://[^/?#@]+", self.address):
            raise BadSettings(
                f"[server] address is '{self.address}'; it must be of the form https://HOST:PORT or http://HOST:PORT."
            )
        if self.metrics and not re.fullmatch(r"[^\s/:@]+:[0-9]{1,5}", self.metrics):
            raise BadSettings(
                f"[server] metrics is '{self.metrics}'; it must be of the form HOST:PORT, for example 127.0.0.1:9470."
            )

    @property
    def metrics_address(self) -> tuple[str, int] | None:
        """Host and port that /metrics has for itself; None if it is served with the API."""
        host, _, port = self.metrics.rpartition(":")
        return (host, int(port)) if self.metrics else None

    @property
    def tasks_at_once(self) -> int:
        """Training tasks of this server that run at the same time, wherever they do."""
        return self.executor.tasks if self.executor.is_ray else max(1, self.workers)
