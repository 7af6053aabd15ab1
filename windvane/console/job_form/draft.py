"""A job as somebody fills it in: the fields of a form as they stand, and the request that they make."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from windvane.console.forms import Form
from windvane.console.job.tags import sensitive_value
from windvane.console.job_form.time_limit import seconds_of
from windvane.errors import InvalidRequest
from windvane.names import (
    PROBABILITIES,
    RESPONSES_TAG,
    SENSITIVE_TAG,
    WEBHOOK_TAG,
    default_bucket,
)
from windvane.wire.call import Caller

LEFT_OUT, CATEGORICAL = "out", "categorical"
TYPES = ("numeric", CATEGORICAL, "text", "datetime")
MODES = ("ENSEMBLING", "HYPERPARAMETER_TUNING")
FORECAST, TEXT = "TimeSeriesForecasting", "TextClassification"
"""The problem types of jobs that are not on tables, beside those of tables."""

BASED_ON = "windvane:based-on"
"""The key of the tag that names the job whose settings a job was filled in from."""

QUANTILES = "p10 p50 p90"
"""source    ForecastQuantiles in SageMaker's API reference"""

_UPLOADS = "console/uploads"
_MOST_CHARACTERS = 1 << 15
"""Of a field: 50 tags, the most that a job has, are 19,200."""


@dataclass(frozen=True)
class Specification:
    """A file that says which columns are learned from, and as what, and how rows are split; `uri` is where it is
    written."""

    uri: str
    text: str


@dataclass(frozen=True)
class Draft:
    """Fields as they were typed in; "" for one that is empty.

    group_column, time_column
                  columns that say how rows are split for validation
    timestamp, item, groups, frequency, horizon, quantiles
                  of a forecasting job: columns of times, of items and further ones that tell series apart, the time between
                  steps, steps to forecast, and quantiles such as "p10 p50 p90"
    content       of a job on texts: the column of the texts
    time_limit    of the job, as time_limit.py reads it
    sensitive     of a job on a table: columns by whose groups it is to be shown how a model treats them
    choices       column -> a type, or LEFT_OUT
    columns       the names of all of them, as the preview had them
    implied       problem type and default objective, as the preview had them
    content_type, compression
                  likewise
    webhook       name of the webhook that is told of the job's end; "" for none
    based_on      the job that it was filled in from, if the new one is to be linked with it by a tag
    """

    uri: str = ""
    data_type: str = "S3Prefix"
    target: str = ""
    group_column: str = ""
    time_column: str = ""
    timestamp: str = ""
    item: str = ""
    content: str = ""
    groups: tuple[str, ...] = ()
    frequency: str = ""
    horizon: str = ""
    quantiles: str = QUANTILES
    problem_type: str = ""
    objective: str = ""
    time_limit: str = "10 min"
    candidates: str = ""
    mode: str = ""
    deploy: bool = False
    endpoint_name: str = ""
    tags: str = ""
    job_name: str = ""
    role: str = ""
    output: str = ""
    sensitive: tuple[str, ...] = ()
    choices: Mapping[str, str] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    implied: str = ""
    default_objective: str = ""
    content_type: str = ""
    compression: str = ""
    based_on: str = ""
    webhook: str = ""

    @classmethod
    def of(cls, form: Form) -> Draft:
        """Read the fields of a form.

        raises    InvalidRequest for a field that is longer than any request could take
        """
        columns = tuple(unpacked(one) for one in form.all("column"))
        chosen = [one.strip() for one in form.all("type")]
        pairs = [
            *zip(columns, chosen, strict=False),
            *((unpacked(one), CATEGORICAL) for one in form.all("categorical")),
        ]
        allowed = (*TYPES, LEFT_OUT)
        plain = {name: form.get(name) for name in _PLAIN if name in form}
        if "minutes" in form:  # of a link
            plain.setdefault("time_limit", form.get("minutes"))
        for name in ("target", "group_column", "time_column", "timestamp", "item", "content"):
            plain[name] = unpacked(form.get(f"{name}_json")) or form.get(name)
        for name, text in plain.items():
            if len(text) > _MOST_CHARACTERS:
                raise InvalidRequest(
                    f"The field {name} has {len(text)} characters; at most {_MOST_CHARACTERS} are allowed."
                )
        return cls(
            **plain,
            deploy="deploy" in form,
            groups=tuple(name for one in form.all("groups_json") if (name := unpacked(one))),
            sensitive=tuple(name for one in form.all("sensitive") if (name := unpacked(one))),
            choices={name: choice for name, choice in pairs if choice in allowed},
            columns=columns,
        )

    @property
    def is_forecast(self) -> bool:
        return self.problem_type == FORECAST

    @property
    def is_text(self) -> bool:
        return self.problem_type == TEXT

    @property
    def marked(self) -> tuple[str, ...]:
        """The columns that are marked as sensitive, without the target."""
        if self.is_forecast or self.is_text:
            return ()
        return tuple(name for name in self.sensitive if name != self.target)

    @property
    def types(self) -> dict[str, str]:
        """The types of columns as a feature specification has them."""
        return {n: c for n, c in self.choices.items() if c != LEFT_OUT and n != self.target}

    @property
    def features(self) -> list[str] | None:
        """The columns that are learned from; None if none is left out."""
        out = {name for name, choice in self.choices.items() if choice == LEFT_OUT}
        if not out - {self.target}:
            return None
        return [name for name in self.columns if name not in out and name != self.target]

    def preview_request(self) -> dict[str, Any]:
        """Return the request to PreviewTable."""
        return {
            "S3Uri": self.uri,
            "S3DataType": self.data_type,
            **_given(
                TargetAttributeName=self.target,
                ProblemType="" if self.is_text else self.problem_type,
                **self._features(),
                **self._split(),
                RoleArn=self.role,
            ),
        }

    def _features(self) -> dict[str, Any]:
        if self.is_forecast:
            return {}
        if self.is_text:
            names = [self.content] if self.content else []
            return {
                "FeatureDataTypes": dict.fromkeys(names, "text"),
                "FeatureAttributeNames": names,
            }
        return {"FeatureDataTypes": self.types, "FeatureAttributeNames": self.features}

    def _split(self) -> dict[str, Any]:
        """Return the columns that say how rows are split for validation, or what series they are."""
        if self.is_text:
            return {}
        if not self.is_forecast:
            return {"GroupColumn": self.group_column, "TimeColumn": self.time_column}
        return {
            "TimestampColumn": self.timestamp,
            "ItemColumn": self.item,
            "GroupingColumns": list(self.groups),
        }

    def specification(self, caller: Caller) -> Specification | None:
        """Return the feature specification; None if every column is taken as it was inferred, and rows are split by
        lot. Beside the data if they were uploaded here."""
        told = _given(
            FeatureAttributeNames=self.features,
            FeatureDataTypes=self.types,
            WindvaneGroupColumn=self.group_column,
            WindvaneTimeColumn=self.time_column,
        )
        if self.is_forecast or self.is_text or not told:
            return None
        text = json.dumps(told, indent=1)
        bucket = default_bucket(caller.account, caller.region)
        own = re.match(rf"s3://{re.escape(bucket)}/{_UPLOADS}/[0-9A-Za-z-]+/", self.uri)
        folder = own[0] if own else f"s3://{bucket}/{_UPLOADS}/specifications/"
        digest = hashlib.sha256(f"{self.uri}\n{text}".encode()).hexdigest()[:12]
        return Specification(f"{folder}features-{digest}.json", text)

    def job_request(self, caller: Caller) -> dict[str, Any]:
        """Return the request to CreateAutoMLJobV2. Numbers and tags that cannot be read are left out; see faults.py."""
        specification = self.specification(caller)
        source = {"S3DataType": self.data_type, "S3Uri": self.uri}
        channel = {
            "ChannelType": "training",
            **_given(ContentType=self.content_type),
            **_given(CompressionType=self.compression if self.compression == "Gzip" else ""),
            "DataSource": {"S3DataSource": source},
        }
        if self.is_forecast:
            objective, config = self.objective, {"TimeSeriesForecastingJobConfig": self._series()}
        elif self.is_text:
            objective, config = self.objective, {"TextClassificationJobConfig": self._texts()}
        else:
            problem, objective = self._problem()
            tabular = {
                "TargetAttributeName": self.target,
                **_given(ProblemType=problem, Mode=self.mode),
                **_given(CompletionCriteria=self._limits()),
                **_given(FeatureSpecificationS3Uri=specification.uri if specification else ""),
            }
            config = {"TabularJobConfig": tabular}
        return {
            "AutoMLJobName": self.job_name,
            "AutoMLJobInputDataConfig": [channel],
            "AutoMLProblemTypeConfig": config,
            **_given(AutoMLJobObjective={"MetricName": objective} if objective else None),
            **_given(ModelDeployConfig=self._deployment()),
            "OutputDataConfig": {"S3OutputPath": self.output},
            "RoleArn": self.role,
            **_given(Tags=self._tags()),
        }

    def _tags(self) -> list[dict[str, str]]:
        made = {BASED_ON: self.based_on} if self.based_on else {}
        if self.webhook:
            made[WEBHOOK_TAG] = self.webhook
        if self.marked:
            made[SENSITIVE_TAG] = sensitive_value(self.marked)
        if self.deploy and (self.problem_type or self.implied).endswith("Classification"):
            made[RESPONSES_TAG] = PROBABILITIES
        return [*tags_of(self.tags)[0], *({"Key": key, "Value": made[key]} for key in made)]

    def _series(self) -> dict[str, Any]:
        """Return the configuration of a forecasting job."""
        quantiles = self.quantiles.replace(",", " ").split()
        return {
            "ForecastFrequency": self.frequency,
            "ForecastHorizon": whole_number(self.horizon) or 0,
            **_given(ForecastQuantiles=[] if quantiles == QUANTILES.split() else quantiles),
            "TimeSeriesConfig": {
                "TargetAttributeName": self.target,
                "TimestampAttributeName": self.timestamp,
                "ItemIdentifierAttributeName": self.item,
                **_given(GroupingAttributeNames=list(self.groups)),
            },
            **_given(CompletionCriteria=self._limits()),
        }

    def _texts(self) -> dict[str, Any]:
        """Return the configuration of a job on texts."""
        return {
            "ContentColumn": self.content,
            "TargetLabelColumn": self.target,
            **_given(CompletionCriteria=self._limits()),
        }

    def _problem(self) -> tuple[str, str]:
        """Problem type and objective: V2 wants both or neither."""
        if not self.problem_type and not self.objective:
            return "", ""
        return self.problem_type or self.implied, self.objective or self.default_objective

    def _limits(self) -> dict[str, int]:
        return _given(
            MaxCandidates=whole_number(self.candidates),
            MaxAutoMLJobRuntimeInSeconds=seconds_of(self.time_limit),
        )

    def _deployment(self) -> dict[str, Any] | None:
        """Return where the best candidate is deployed: an endpoint of the name of the job, where none was chosen."""
        if not self.deploy:
            return None
        name = self.endpoint_name or self.job_name
        return {"AutoGenerateEndpointName": False, "EndpointName": name}


_PLAIN = (
    "uri",
    "data_type",
    "frequency",
    "horizon",
    "quantiles",
    "problem_type",
    "objective",
    "time_limit",
    "candidates",
    "mode",
    "endpoint_name",
    "tags",
    "job_name",
    "role",
    "output",
    "implied",
    "default_objective",
    "content_type",
    "compression",
    "based_on",
    "webhook",
)


def packed(name: str) -> str:
    """Return the name of a column as forms carry it: a browser changes the line ends of any value.

    >>> unpacked(packed("two\\nlines"))
    'two\\nlines'
    """
    return json.dumps(name)


def unpacked(text: str) -> str:
    """Return the inverse; "" for anything else."""
    try:
        name = json.loads(text)
        return name if isinstance(name, str) and name.encode() else ""
    except (ValueError, RecursionError):
        return ""


def _given(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value not in (None, "", [], {})}


def whole_number(text: str) -> int | None:
    """Return a whole number of at least 1 that an operation takes; None for anything else."""
    if not re.fullmatch(r"[0-9]{1,8}", text, re.ASCII) or int(text) < 1:
        return None
    return int(text)


def tags_of(text: str) -> tuple[list[dict[str, str]], list[str]]:
    """Tags, and lines that are none."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    pairs = [(line, *line.partition("=")) for line in lines]
    tags = [
        {"Key": key.strip(), "Value": value.strip()}
        for _, key, sign, value in pairs
        if sign and key.strip()
    ]
    return tags, [line for line, key, sign, _ in pairs if not sign or not key.strip()]
