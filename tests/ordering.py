"""The order of test files, and which of them one process runs together (pytest-xdist).

Tests of parts come first, then those that wait for servers most of the time, the longest of them ahead: what begins last
should be short.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from xdist.scheduler import LoadFileScheduling

_ROOT = Path(__file__).resolve().parents[1]
_WAITING = ("tests/browser/", "tests/chaos/", "tests/faults/", "tests/journeys/")
_LONGEST = (
    "tests/browser/",
    "tests/journeys/test_again.py",
    "tests/journeys/test_boto3.py",
    "tests/journeys/test_servers.py",
    "tests/journeys/test_aws_cli.py",
    "tests/journeys/test_stores_and_formats.py",
    "tests/journeys/test_readme.py",
    "tests/journeys/test_backup.py",
    "tests/journeys/test_kill.py",
    "tests/chaos/",
    "tests/journeys/test_step_jobs.py",
    "tests/journeys/test_sagemaker_sdk_v2.py",
    "tests/journeys/test_sagemaker_sdk.py",
    "tests/journeys/test_forecasting_job.py",
    "tests/journeys/test_auto_ml_v2.py",
    "tests/journeys/test_clients.py",
    "tests/journeys/test_encryption.py",
)
_TOGETHER = (
    ("tests/browser/",),
    ("tests/hostile/test_one_port.py", "tests/hostile/test_went_through.py"),
    (
        "tests/api/test_endpoint_explanations.py",
        "tests/api/test_open_inference.py",
        "tests/api/test_open_inference_permissions.py",
    ),
    (
        "tests/journeys/test_again.py",
        "tests/journeys/test_candidate_estimator.py",
        "tests/journeys/test_reports.py",
    ),
)
"""Files and folders of which all run in one process: they ask the same server through the same browser, endpoints of the same models, or
read the same trained job (journeys/small.py)."""


_SLOW = (
    *_WAITING,
    "tests/api/test_endpoint_explanations.py",
    "tests/api/test_open_inference.py",
    "tests/api/test_open_inference_permissions.py",
    "tests/api/test_previews.py",
    "tests/api/test_scaling.py",
    "tests/conformance/test_served.py",
    "tests/contracts/test_artifacts.py",
    "tests/contracts/test_exchanges.py",
    "tests/contracts/test_executors.py",
    "tests/contracts/test_learners.py",
    "tests/contracts/test_postgres_store.py",
    "tests/contracts/test_separate_forecasts.py",
    "tests/contracts/test_separate_tasks.py",
    "tests/contracts/test_store.py",
    "tests/hostile/",
    "tests/kills/",
    "tests/test_aws_words.py",
    "tests/test_imports.py",
    "tests/unit/automl/local/",
    "tests/unit/automl/test_estimator",
    "tests/unit/automl/test_forecast_estimator",
    "tests/unit/automl/test_performing.py",
    "tests/unit/automl/test_sklearn_estimators.py",
    "tests/unit/benchmarks/cluster/",
    "tests/unit/benchmarks/test_ablation.py",
    "tests/unit/benchmarks/test_forecast.py",
    "tests/unit/benchmarks/test_harness.py",
    "tests/unit/benchmarks/test_portfolio.py",
    "tests/unit/benchmarks/test_request_parts.py",
    "tests/unit/benchmarks/test_transform.py",
    "tests/unit/cli/test_automl_command.py",
    "tests/unit/cli/test_automl_forecast.py",
    "tests/unit/cli/test_explain_command.py",
    "tests/unit/cli/test_export.py",
    "tests/unit/cli/test_forecast.py",
    "tests/unit/cli/test_report_command.py",
    "tests/unit/console/pages/test_endpoints.py",
    "tests/unit/console/pages/test_job.py",
    "tests/unit/console/pages/test_new_job.py",
    "tests/unit/console/pages/test_try_it.py",
    "tests/unit/engine/data/test_read.py",
    "tests/unit/engine/definitions/shipped/",
    "tests/unit/engine/explain/test_documents.py",
    "tests/unit/engine/explain/test_exact.py",
    "tests/unit/engine/explain/test_prediction.py",
    "tests/unit/engine/explain/test_report.py",
    "tests/unit/engine/explain/test_stage.py",
    "tests/unit/engine/exploration/test_report.py",
    "tests/unit/engine/export/shipped/test_lightgbm_native.py",
    "tests/unit/engine/export/onnx/test_file.py",
    "tests/unit/engine/export/test_scoring.py",
    "tests/unit/engine/features/test_interactions.py",
    "tests/unit/engine/features/test_pairing.py",
    "tests/unit/engine/forecasting/models/test_boosted",
    "tests/unit/engine/learners/test_answers.py",
    "tests/unit/engine/learners/test_catalogue",
    "tests/unit/engine/learners/test_catboost_trees.py",
    "tests/unit/engine/learners/test_forest",
    "tests/unit/engine/learners/test_lightgbm.py",
    "tests/unit/engine/learners/test_linear.py",
    "tests/unit/engine/learners/test_mlp.py",
    "tests/unit/engine/learners/test_monotone.py",
    "tests/unit/engine/learners/test_patience.py",
    "tests/unit/engine/learners/test_residual.py",
    "tests/unit/engine/learners/test_target_transform.py",
    "tests/unit/engine/learners/test_torch.py",
    "tests/unit/engine/learners/test_xgboost_model.py",
    "tests/unit/engine/packages/test_package.py",
    "tests/unit/engine/preview/test_table.py",
    "tests/unit/engine/quality/test_assess.py",
    "tests/unit/engine/quality/test_segments.py",
    "tests/unit/engine/reports/test_paper.py",
    "tests/unit/engine/test_rerun.py",
    "tests/unit/engine/test_stages",
    "tests/unit/engine/training/",
    "tests/unit/engine/tuning/test_bounds.py",
    "tests/unit/events/test_webhooks.py",
    "tests/unit/executor/",
    "tests/unit/maintenance/test_backup.py",
    "tests/unit/process/test_child.py",
    "tests/unit/serving/test_batch.py",
    "tests/unit/serving/test_evaluating.py",
    "tests/unit/serving/test_explainer.py",
    "tests/unit/serving/test_model_real_packages.py",
    "tests/unit/serving/test_router.py",
    "tests/unit/work/hosting/",
    "tests/unit/work/tasks/",
    "tests/unit/work/test_layout",
    "tests/unit/work/workers/test_stepjobs.py",
    "tests/unit/work/workers/test_supervisor.py",
    "tests/unit/work/workers/test_worker.py",
    "tests/upgrades/",
)
"""What `make test-fast` leaves out: attacks, and files that start servers, train models or take several seconds."""


def is_slow(item: pytest.Item) -> bool:
    """Return whether `make test-fast` leaves a test out: with its file, or alone, marked as slow."""
    return _is_in_slow_file(item) or item.get_closest_marker("slow") is not None


def _is_in_slow_file(item: pytest.Item) -> bool:
    return file_of(item.nodeid).startswith(_SLOW)


def must_be_quick(item: pytest.Item) -> bool:
    """Return whether a test may neither start a server nor train a model, in whatever run it stands."""
    return not _is_in_slow_file(item) and item.get_closest_marker("long") is None


def is_left_out(file: Path) -> bool:
    """Return whether no test of a file, or of a folder, is quick."""
    name = str(file.relative_to(_ROOT)) if file.is_relative_to(_ROOT) else ""
    return f"{name}/".startswith(_SLOW) if file.is_dir() else name.startswith(_SLOW)


def file_of(nodeid: str) -> str:
    return nodeid.partition("::")[0]


def place(item: pytest.Item) -> int:
    """Return where a test stands, for sorting that keeps the order of equals."""
    file = file_of(item.nodeid)
    if not file.startswith(_WAITING):
        return 0
    found = (number for number, one in enumerate(_LONGEST, 1) if file.startswith(one))
    return next(found, 1 + len(_LONGEST))


class SharingFilesTogether(LoadFileScheduling):
    """Each file in one process; those that share what is dear to make all in one."""

    def _split_scope(self, nodeid: str) -> str:
        file = file_of(nodeid)
        return next((group[0] for group in _TOGETHER if file.startswith(group)), file)
