"""Which answers the containers of a candidate give once it is deployed by hand."""

from unit.console.board import a_candidate, a_job

from windvane.api.candidates import container_answer
from windvane.console.candidate.deploying import EVERYTHING, LABEL, answering
from windvane.domain.candidate import Candidate
from windvane.domain.problem import ProblemType
from windvane.work.jobs.containers import containers_of


def containers(problem: ProblemType, mode: str | None = None):
    config = {"Mode": mode} if mode else {}
    job = a_job(problem_type=problem, request={"AutoMLJobConfig": config})
    candidate: Candidate = a_candidate()
    return [container_answer(one) for one in containers_of(job, candidate, "dpp0")]


def told(made):
    return [one["Environment"].get("SAGEMAKER_INFERENCE_OUTPUT") for one in made]


def test_each_container_hands_on_what_it_can():
    made = answering(containers(ProblemType.BINARY), EVERYTHING)
    assert told(made) == [
        None,
        "predicted_label,probability,probabilities",
        "predicted_label,probability,labels,probabilities",
    ]
    assert made[2]["Environment"]["SAGEMAKER_INFERENCE_INPUT"] == told(made)[1]


def test_the_label_alone_is_what_a_job_deploys():
    before = containers(ProblemType.MULTICLASS)
    assert answering(before, LABEL) == before


def test_one_container_answers_everything():
    made = answering(containers(ProblemType.BINARY, "ENSEMBLING"), EVERYTHING)
    assert told(made) == ["predicted_label,probability,labels,probabilities"]


def test_a_regression_has_nothing_to_choose():
    before = containers(ProblemType.REGRESSION)
    assert answering(before, EVERYTHING) == before
