"""How a request to a model ends that no process answers."""

from __future__ import annotations


class TimedOut(Exception):
    """The model did not answer in time."""


class Died(Exception):
    """Two processes died with this request."""


class InstanceLost(Exception):
    """The process died with this request, and no other one is here, but other servers have some."""


class TooLarge(Exception):
    """The model answered with more bytes than an answer may have."""


class Retired(Exception):
    """The request was not started, and will not be here: look for the pool's successor, or another server."""
