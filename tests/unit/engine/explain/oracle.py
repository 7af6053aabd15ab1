"""The shap package. Its import warns of what matplotlib will do away with."""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore", PendingDeprecationWarning)
    import shap

__all__ = ["shap"]
