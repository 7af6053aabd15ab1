"""What a client asks of an AutoML job, in our own words.

`api` makes a JobSpec of a request, of CreateAutoMLJob and CreateAutoMLJobV2 alike; the record of the job keeps it, and
whoever works for the job reads nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, TypeAlias

from windvane.domain.datasource import Compression, DataSource, TableFormat
from windvane.domain.forecasting import ForecastSpec
from windvane.domain.problem import MetricName, Mode, ProblemType, kept_apart


class Purpose(StrEnum):
    """The purpose of a channel's rows; the values also name its inputs in step jobs."""

    TRAINING = "training"
    VALIDATION = "validation"


@dataclass(frozen=True, kw_only=True)
class Channel:
    """One input of a job.

    compression    None if the client left it open, which is Compression.NONE
    """

    source: DataSource
    purpose: Purpose = Purpose.TRAINING
    format: TableFormat = TableFormat.CSV
    compression: Compression | None = None


@dataclass(frozen=True, kw_only=True)
class DataSpec:
    """The data that a job learns from.

    channels             one for training, and perhaps one for validation, in the order in which they were given
    validation_fraction  share of the training rows that is held out for scores; None to leave it to the engine
    """

    channels: tuple[Channel, ...]
    validation_fraction: float | None = None

    @property
    def training(self) -> Channel:
        """Return the channel whose rows models learn from."""
        return self._having(Purpose.TRAINING) or self.channels[0]

    @property
    def validation(self) -> Channel | None:
        """Return the channel whose rows are used for scores alone, if there is one."""
        return self._having(Purpose.VALIDATION)

    def _having(self, purpose: Purpose) -> Channel | None:
        return next((one for one in self.channels if one.purpose is purpose), None)


@dataclass(frozen=True, kw_only=True)
class TabularProblem:
    """Predict one column of a table from the others; what is None is inferred from the data.

    target                 name of the column to predict
    sample_weight          name of a column that says what each row counts for; it is no feature
    feature_specification  S3 URI of a file that says which columns are features, and of which type; "" for all columns
    """

    kind: Literal["tabular"] = "tabular"
    target: str
    problem_type: ProblemType | None = None
    objective: MetricName | None = None
    sample_weight: str | None = None
    feature_specification: str = ""

    @property
    def kept_apart(self) -> dict[str, str]:
        """Columns that cannot be features -> what they are."""
        return kept_apart(self.target, self.sample_weight)


@dataclass(frozen=True, kw_only=True)
class TextClassification:
    """Tell the class of a text: a table of which two columns are looked at.

    content    name of the column of texts
    target     name of the column of their classes
    objective  the only one there is

    source     AutoMLJobObjective in SageMaker's API reference
    """

    kind: Literal["text-classification"] = "text-classification"
    content: str
    target: str
    objective: MetricName = MetricName.ACCURACY

    @property
    def feature_specification(self) -> str:
        """Return no URI: there is one feature, and no file that names others."""
        return ""

    @property
    def kept_apart(self) -> dict[str, str]:
        """Columns that cannot be features -> what they are."""
        return kept_apart(self.target, None)


Problem: TypeAlias = TabularProblem | TextClassification | ForecastSpec
"""What is to be learnt: a union of dataclasses that their `kind` tells apart. A further kind of problem is one more
dataclass here and one more translation in `api`; the store needs no change (store/records.py)."""


@dataclass(frozen=True, kw_only=True)
class RequestedLimits:
    """Upper limits as asked for; None leaves one to the server."""

    max_candidates: int | None = None
    max_runtime_s: int | None = None
    max_candidate_runtime_s: int | None = None


@dataclass(frozen=True, kw_only=True)
class SearchSpec:
    """The settings of the search for candidates.

    mode              AUTO lets the size of the data decide; None, for a job of the first API that named none, searches
                      pipelines and ensembles
    algorithms        that may be tried; () for all
    definitions_only  no candidate is trained: the notebooks are all that is made
    """

    mode: Mode | None = None
    algorithms: tuple[str, ...] = ()
    definitions_only: bool = False


@dataclass(frozen=True, kw_only=True)
class OutputSpec:
    """The destination of results.

    uri    S3 prefix
    key    KMS key that they are encrypted under, as the client named it; "" for the bucket's default
    """

    uri: str
    key: str = ""


@dataclass(frozen=True, kw_only=True)
class Vpc:
    """A virtual network that containers are to be in."""

    subnets: tuple[str, ...]
    security_groups: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class SecuritySpec:
    """The protection that a job is to have.

    volume_key       KMS key of its volume, as the client named it; "" for none
    encrypt_traffic  whether traffic between its containers is to be encrypted
    """

    volume_key: str = ""
    encrypt_traffic: bool = False
    vpc: Vpc | None = None


@dataclass(frozen=True, kw_only=True)
class DeploymentSpec:
    """The endpoint that the best candidate is to answer at.

    endpoint_name    "" to have one generated
    """

    endpoint_name: str = ""

    @property
    def is_name_generated(self) -> bool:
        return not self.endpoint_name


@dataclass(frozen=True, kw_only=True)
class JobSpec:
    """All that a client asks of an AutoML job but its name and tags.

    role        ARN of the role whose rights the job has
    deployment  None to deploy nothing
    """

    role: str
    data: DataSpec
    problem: Problem
    output: OutputSpec
    limits: RequestedLimits = RequestedLimits()
    search: SearchSpec = SearchSpec()
    security: SecuritySpec = SecuritySpec()
    deployment: DeploymentSpec | None = None

    @property
    def tabular(self) -> TabularProblem:
        """Return the problem of a job on a table; that of a job on texts is one, of the column of texts alone.

        raises    TypeError if it is of another kind
        """
        if isinstance(self.problem, TextClassification):
            return TabularProblem(target=self.problem.target, objective=self.problem.objective)
        if not isinstance(self.problem, TabularProblem):
            raise TypeError(
                f"The problem of this job is of the kind '{self.problem.kind}', not tabular."
            )
        return self.problem

    @property
    def text_column(self) -> str | None:
        """The column of texts that is all that is learnt from; None for a problem of another kind."""
        return self.problem.content if isinstance(self.problem, TextClassification) else None

    @property
    def forecast(self) -> ForecastSpec:
        """Return the problem of a forecasting job.

        raises    TypeError if it is of another kind
        """
        if not isinstance(self.problem, ForecastSpec):
            raise TypeError(
                f"The problem of this job is of the kind '{self.problem.kind}', not forecast."
            )
        return self.problem
