"""How a search goes: which algorithms it may try, how it finds the next candidate, and whether it makes ensembles."""

from __future__ import annotations

from dataclasses import dataclass

from windvane.domain.problem import Mode


@dataclass(frozen=True)
class Strategy:
    """The strategy of the search.

    mode        AUTO: pipelines and an ensemble of them, which is what ENSEMBLING makes as well;
                HYPERPARAMETER_TUNING: pipelines alone, proposed by a model of what was tried and given up early
    algorithms  that are tried; () for all
    """

    mode: Mode = Mode.AUTO
    algorithms: tuple[str, ...] = ()

    @property
    def has_ensemble(self) -> bool:
        """Whether the best candidates are to become one at the end."""
        return self.mode is not Mode.TUNING

    @property
    def is_bayesian(self) -> bool:
        """Whether proposals come from a model of what was tried (tuning/bayes.py). For an ensemble candidates that
        differ are worth more."""
        return self.mode is Mode.TUNING

    @property
    def gives_up_early(self) -> bool:
        """Whether candidates that are clearly worse than the best so far are ended before all their folds are trained.
        Such a one may still be of use to an ensemble."""
        return self.mode is Mode.TUNING


ANYTHING = Strategy()
"""Every algorithm, pipelines and an ensemble."""
