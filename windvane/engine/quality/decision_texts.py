"""Texts of a report that say how the threshold was chosen and whether probabilities were calibrated."""

from __future__ import annotations

from windvane.engine.quality.judged import Judged
from windvane.engine.scoring.calibration import NO_CHANGE
from windvane.engine.scoring.threshold import is_tuned
from windvane.wording import number

_SWITCHED_OFF = "switched off"


def threshold_text(judged: Judged) -> str:
    """Return, of two classes, the model's threshold, and where it comes from."""
    told = number(judged.threshold)
    if not is_tuned(judged.objective, len(judged.labels)):
        return f"{told} (not tuned: not necessary for {judged.objective})"
    if not judged.tune_threshold:
        return f"{told} (tuning is {_SWITCHED_OFF})"
    return (
        f"{told}, tuned for {judged.objective} on these rows; each row is evaluated with a "
        "threshold that was tuned without it"
    )


def calibration_text(judged: Judged) -> str:
    """Return the temperature, and where it comes from."""
    if not judged.calibrate:
        return _SWITCHED_OFF
    if judged.temperature == NO_CHANGE:
        return (
            "none, because temperature scaling does not improve the probabilities of held-out rows"
        )
    way = "less" if judged.temperature > NO_CHANGE else "more"
    return (
        f"temperature scaling with the temperature {number(judged.temperature)}, fitted on these "
        f"rows: probabilities become {way} extreme"
    )
