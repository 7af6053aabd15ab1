"""Runs the candidates that the notebook defines: with the training jobs of the service, or on this machine."""

from .run import Run, open_run

__all__ = ["Run", "open_run"]
