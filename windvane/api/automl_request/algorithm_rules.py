"""Which algorithms a job may be limited to, by its mode."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from windvane.control.members import Request, found
from windvane.domain.problem import Mode
from windvane.engine.learners.catalogue import availability

_CONFIG = "AutoMLJobConfig.CandidateGenerationConfig.AlgorithmsConfig"

ALGORITHMS_OF: Mapping[Mode, tuple[str, ...]] = {
    Mode.ENSEMBLING: (
        "catboost",
        "extra-trees",
        "fastai",
        "lightgbm",
        "linear-learner",
        "nn-torch",
        "randomforest",
        "xgboost",
    ),
    Mode.TUNING: ("linear-learner", "mlp", "xgboost"),
}
"""source    AutoMLAlgorithmConfig in SageMaker's API reference"""

_OF_ANY = tuple(sorted({name for names in ALGORITHMS_OF.values() for name in names}))


def algorithms_fit(request: Request) -> Iterator[str]:
    """Yield the rule of AlgorithmsConfig: one list, of algorithms that the mode has and this server can train. A job that
    names no mode searches pipelines and ensembles, and may be limited to any.

    source    AutoMLCandidateGenerationConfig in SageMaker's API reference
    """
    for place, config in found(request, _CONFIG):
        mode = Mode(request["AutoMLJobConfig"]["Mode"]) if _names_mode(request) else None
        if mode is Mode.AUTO:
            yield (
                f"The member '{place}' must not be specified when the Mode is AUTO: choose the Mode ENSEMBLING or "
                "HYPERPARAMETER_TUNING."
            )
        elif len(config) != 1:
            yield (
                f"The member '{place}' has {len(config)} items; it must have one, with AutoMLAlgorithms: an empty "
                "list of them stands for all."
            )
        else:
            yield from _unfit(request, mode)


def no_algorithms_by_default(request: Request) -> Iterator[str]:
    """Yield the rule for V2, where AUTO is the default."""
    if not _names_mode(request):
        for place, _ in found(request, _CONFIG):
            yield (
                f"The member '{place}' must not be specified without a Mode, which is then AUTO: choose the Mode "
                "ENSEMBLING or HYPERPARAMETER_TUNING."
            )


def _names_mode(request: Request) -> bool:
    return "Mode" in request.get("AutoMLJobConfig", {})


def _unfit(request: Request, mode: Mode | None) -> Iterator[str]:
    fitting = ALGORITHMS_OF.get(mode, _OF_ANY) if mode else _OF_ANY
    for place, names in found(request, f"{_CONFIG}.*.AutoMLAlgorithms"):
        for name in names:
            if name not in fitting:
                of_mode = f"the Mode {mode}" if mode else "tabular problems"
                yield (
                    f"Value '{name}' at '{place}' is not an algorithm of {of_mode}. Choose from: "
                    f"{', '.join(fitting)}."
                )
            elif reason := availability(name):
                yield f"Value '{name}' at '{place}' is not available: {reason}"
