"""Hyperparameters in the names of SageMaker's built-in algorithms and of the libraries."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from windvane.domain.problem import MetricName, ProblemType
from windvane.engine.candidates import Plan
from windvane.engine.data.analysis import Analysis
from windvane.engine.data.dataset import read_analysis
from windvane.engine.learners.catalogue import LEARNERS
from windvane.engine.learners.names import Alias, Counts, Fixed, Refused, Rule, Says
from windvane.engine.tuning.aliases import Claim, Translation, names_of, translated
from windvane.engine.tuning.search import defaults_of
from windvane.engine.tuning.vocabulary import completed
from windvane.errors import CandidateFault


def test_what_is_no_learner_has_no_other_names() -> None:
    assert names_of("sklearn-automl") == names_of("ensemble") == {}


def put(algorithm: str, **given: str) -> Translation:
    return translated(algorithm, names_of(algorithm), given)


def test_the_names_of_xgboost_in_sagemaker() -> None:
    made = put(
        "xgboost",
        num_round="100",
        eta="0.2",
        max_depth="5",
        gamma="4",
        min_child_weight="6",
        subsample="0.8",
        colsample_bytree="0.9",
        reg_lambda="2",
        alpha="0.5",
        objective="binary:logistic",
        eval_metric="auc",
        early_stopping_rounds="10",
        nthread="1",
        verbosity="0",
        tree_method="auto",
        seed="7",
    )
    assert made.hyperparameters == {
        "num_round": "100",
        "eta": "0.2",
        "max_depth": "5",
        "gamma": "4",
        "min_child_weight": "6",
        "subsample": "0.8",
        "colsample_bytree": "0.9",
        "lambda": "2",
        "alpha": "0.5",
        "_problem_type": "BinaryClassification",
        "_objective": "AUC",
        "early_stopping_rounds": "10",
        "_seed": "7",
    }


def test_the_names_of_the_linear_learner_in_sagemaker() -> None:
    made = put(
        "linear-learner",
        predictor_type="binary_classifier",
        epochs="30",
        wd="0.01",
        l1="auto",
        positive_example_weight_mult="1.0",
        loss="logistic",
        binary_classifier_model_selection_criteria="accuracy",
        use_bias="True",
        normalize_data="true",
        optimizer="auto",
        mini_batch_size="auto",
        num_models="1",
    )
    assert made.hyperparameters == {
        "_problem_type": "BinaryClassification",
        "_objective": "Accuracy",
        "max_iterations": "30",
        "wd": "0.01",
        "positive_example_weight_mult": "none",
    }


def test_what_has_no_other_name_stays_as_it_is() -> None:
    assert put("lightgbm", num_leaves="5", extra_trees="True", _folds="2").hyperparameters == {
        "num_leaves": "5",
        "extra_trees": "true",
        "_folds": "2",
    }


@pytest.mark.parametrize(
    ("algorithm", "given", "told"),
    [
        ("xgboost", {"objective": "rank:pairwise"}, "can be one of: binary:logistic, multi:soft"),
        ("xgboost", {"booster": "gblinear"}, "'booster' of xgboost is gblinear; it can be gbtree"),
        ("xgboost", {"nthread": "8"}, "a training job has one thread"),
        ("xgboost", {"verbosity": "3"}, "it can be 0 or 1"),
        ("xgboost", {"base_score": "0.5"}, "'base_score' does not apply to xgboost"),
        ("xgboost", {"eta": "0.1", "learning_rate": "0.2"}, r"'eta' \(0.1\) and 'learning_rate'"),
        (
            "xgboost",
            {"objective": "binary:logistic", "_problem_type": "Regression"},
            "contradict each other",
        ),
        ("linear-learner", {"learning_rate": "0.1"}, "has no learning rate. Leave it out"),
        ("linear-learner", {"mini_batch_size": "100"}, "uses all rows at once"),
        ("linear-learner", {"loss": "hinge_loss"}, "'loss' of linear-learner is hinge_loss"),
        ("catboost", {"grow_policy": "Lossguide"}, "trees are symmetric"),
        ("lightgbm", {"boosting": "dart"}, "it can be gbdt"),
        ("randomforest", {"bootstrap": "false"}, "it can be true"),
        ("extra-trees", {"bootstrap": "true"}, "it can be false"),
        ("neighbors", {"sample_size": "5"}, "a model stores all rows"),
    ],
)
def test_what_means_nothing_or_contradicts_is_named(
    algorithm: str, given: dict[str, str], told: str
) -> None:
    with pytest.raises(CandidateFault, match=told):
        put(algorithm, **given)


def test_two_names_that_say_the_same_do_not_contradict() -> None:
    made = put("xgboost", eta="0.1", learning_rate="0.10", objective="reg:linear")
    assert made.hyperparameters["eta"] == "0.10"
    assert made.hyperparameters["_problem_type"] == "Regression"


@pytest.fixture
def analysis(two_classes) -> Analysis:  # type: ignore[no-untyped-def]
    found: Analysis = read_analysis(two_classes.dataset)
    return found


def claims(algorithm: str, **given: str) -> tuple[Claim, ...]:
    return put(algorithm, **given).claims


@pytest.mark.parametrize(
    ("algorithm", "given", "told"),
    [
        ("xgboost", {"num_class": "3"}, "'num_class' is 3; the table has 2 classes"),
        (
            "linear-learner",
            {"feature_dim": "99"},
            r"the table has \d+ columns excluding the target",
        ),
        ("xgboost", {"objective": "reg:linear"}, "is for Regression; this is BinaryClass"),
        (
            "xgboost",
            {"eval_metric": "mlogloss"},
            "is the objective LogLoss; the objective of this job",
        ),
    ],
)
def test_what_is_not_so_of_the_table_is_named(
    algorithm: str, given: dict[str, str], told: str, analysis: Analysis
) -> None:
    analysis = replace(analysis, objective=MetricName.F1)
    [claim] = claims(algorithm, **given)
    with pytest.raises(CandidateFault, match=told):
        claim.check(analysis)


def test_what_is_so_of_the_table_is_fine(analysis: Analysis) -> None:
    for claim in claims("xgboost", num_class="2", objective="binary:logistic"):
        claim.check(analysis)


def test_the_loss_is_that_of_the_objective(analysis: Analysis) -> None:
    of_values = replace(analysis, problem_type=ProblemType.REGRESSION, labels=())
    by_metric = {
        metric: replace(of_values, objective=metric) for metric in (MetricName.MAE, MetricName.MSE)
    }
    [squared] = claims("lightgbm", objective="regression_l2")
    [absolute] = claims("linear-learner", loss="absolute_loss")
    squared.check(by_metric[MetricName.MSE])
    absolute.check(by_metric[MetricName.MAE])
    with pytest.raises(CandidateFault, match="absolute errors are minimised where the objective"):
        squared.check(by_metric[MetricName.MAE])
    with pytest.raises(
        CandidateFault, match="is the objective MAE; the objective of this job is MSE"
    ):
        absolute.check(by_metric[MetricName.MSE])


@pytest.mark.parametrize("algorithm", [card.name for card in LEARNERS])
def test_every_other_name_leads_to_one_that_is_known(algorithm: str, analysis: Analysis) -> None:
    defaults = defaults_of(analysis, algorithm)
    for name, rule in names_of(algorithm).items():
        if not isinstance(rule, Alias) or rule.name.startswith("_"):
            continue
        value = {"positive_example_weight_mult": "none"}.get(rule.name, defaults.get(rule.name, 5))
        plan = Plan(1, "", algorithm, {rule.name: value}, 0)
        assert completed(analysis, plan).hyperparameters[rule.name] == value, name


def said(rule: Rule) -> str:
    """What docs/step-jobs.md says of another name."""
    match rule:
        case Alias():
            other = "".join(f"; {one} is `{own}`" for one, own in rule.values.items())
            return f"`{rule.name}`{other}"
        case Says():
            return "sets the problem type or objective: " + ", ".join(
                f"`{one}`" for one in rule.values
            )
        case Fixed():
            return f"only {' or '.join(f'`{one}`' for one in rule.values)}: {rule.fact}"
        case Counts():
            return f"must be the number of {rule.what}"
        case Refused():
            return f"refused: {rule.why}"


def test_every_other_name_is_documented_and_no_further_one() -> None:
    page = (Path(__file__).parents[4] / "docs" / "step-jobs.md").read_text()
    wanted = [
        f"| `{card.name}` | `{name}` | {said(rule)} |"
        for card in LEARNERS
        for name, rule in names_of(card.name).items()
    ]
    _, _, after = page.partition("| image | name | here |")
    documented = [line for line in after.partition("\n\n")[0].splitlines() if "`" in line]
    assert documented == wanted
