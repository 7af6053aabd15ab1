"""Windvane: a self-hosted, open-source implementation of Amazon SageMaker Autopilot."""

__version__ = "0.1.0"
