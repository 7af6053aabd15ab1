"""What a candidate is and how it did, in figures and plain words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from windvane.console.candidate.deploying import How, Place, Wishes, name_of
from windvane.console.candidate.head import Answer, Shown, head_of
from windvane.console.endpoint.free_names import LONGEST
from windvane.console.pages.leaderboard import candidate_url
from windvane.console.scores import MetricScores, metric_scores
from windvane.console.wording import spoken
from windvane.names import numbered


@dataclass(frozen=True)
class Member:
    """A member of an ensemble.

    spoken        its name as people say it, its full name where nothing is known of it
    training_s    None if it is not known
    """

    name: str
    spoken: str
    algorithm: str
    url: str
    weight: float
    training_s: float | None


@dataclass(frozen=True)
class Transformer:
    column_type: str
    name: str
    description: str


@dataclass(frozen=True, kw_only=True)
class OverviewView(Shown):
    """The tab "Overview" of a candidate.

    own_training_s   of an ensemble, what combining its members took
    rows_per_fold    None if a fold's model learns from all rows
    places           variants of running endpoints that it could replace or stand beside
    wishes           what the form of a deployment is filled in with
    was_kept         whether the job kept its model; its files may have been deleted since
    trouble          why it was not deployed; "" unless that was tried
    """

    own_training_s: float | None
    latency_s: float | None
    size_bytes: int | None
    folds: int | None
    rows_per_fold: int | None
    created: datetime | None
    ended: datetime | None
    figures: Sequence[MetricScores]
    why: str
    algorithm_title: str
    algorithm_words: str
    recipe_title: str
    recipe_words: str
    transformers: Sequence[Transformer]
    hyperparameters: Sequence[tuple[str, str]]
    seed: int | None
    notes: Sequence[str]
    members: Sequence[Member]
    is_classifier: bool
    is_binary: bool
    can_deploy: bool
    was_kept: bool
    places: Sequence[Place]
    wishes: Wishes
    trouble: str

    @property
    def training_s(self) -> float | None:
        """Return the training time with that of the members; None if one is not known."""
        every = [self.own_training_s, *(one.training_s for one in self.members)]
        known = [one for one in every if one is not None]
        return sum(known) if len(known) == len(every) else None

    @property
    def endpoints(self) -> list[str]:
        """Running endpoints, each once."""
        return list(dict.fromkeys(one.endpoint for one in self.places))


def overview_of(
    answer: Answer,
    places: Sequence[Place],
    wishes: Wishes,
    trouble: str = "",
    *,
    has_model: bool = True,
) -> OverviewView:
    """Return the tab of a candidate.

    answer     of DescribeCandidate
    has_model  whether what was kept of its model is still in S3
    """
    one, problem = answer["Candidate"], answer.get("ProblemType", "")
    taken = {place.endpoint for place in places}
    proposed = next(name for name in numbered(name_of(answer), LONGEST) if name not in taken)
    is_typed = bool(wishes.endpoint or (trouble and wishes.how is How.NEW))
    return OverviewView(
        job_name=answer["AutoMLJobName"],
        head=head_of(answer, ""),
        own_training_s=one.get("TrainingTimeInSeconds"),
        latency_s=one.get("LatencyInSeconds"),
        size_bytes=one.get("SizeInBytes"),
        folds=one.get("FoldCount"),
        rows_per_fold=one.get("RowsPerFold"),
        created=one["CreationTime"],
        ended=one.get("EndTime"),
        figures=measures_of(answer),
        why=answer.get("Why", ""),
        algorithm_title=answer["AlgorithmTitle"],
        algorithm_words=answer["AlgorithmDescription"],
        recipe_title=answer.get("RecipeTitle", ""),
        recipe_words=answer.get("RecipeDescription", ""),
        transformers=transformers_of(answer),
        hyperparameters=sorted(answer["Hyperparameters"].items()),
        seed=answer.get("Seed"),
        notes=answer["Notes"],
        members=members_of(answer),
        is_classifier=problem.endswith("Classification"),
        is_binary=problem == "BinaryClassification",
        can_deploy=has_model and bool(answer["InferenceContainers"]),
        was_kept=bool(answer["InferenceContainers"]),
        places=places,
        wishes=wishes if is_typed else replace(wishes, endpoint=proposed),
        trouble=trouble,
    )


def members_of(answer: Answer) -> list[Member]:
    """Return the heaviest first."""
    job = answer["AutoMLJobName"]
    every = sorted(answer["Candidate"]["Members"], key=lambda one: -one["Weight"])
    return [
        Member(
            one["CandidateName"],
            spoken(one["Algorithm"], one["Index"]) if "Index" in one else one["CandidateName"],
            one.get("Algorithm", ""),
            candidate_url(job, one["CandidateName"]),
            one["Weight"],
            one.get("TrainingTimeInSeconds"),
        )
        for one in every
    ]


def transformers_of(answer: Answer) -> list[Transformer]:
    return [
        Transformer(one["ColumnType"], one["Name"], one["Description"])
        for one in answer.get("Transformers", ())
    ]


def measures_of(answer: Answer) -> list[MetricScores]:
    return metric_scores(answer["Candidate"], list(answer["MetricNames"]))
