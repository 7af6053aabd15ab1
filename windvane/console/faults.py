"""What pages say of errors: operations speak of what is missing in AWS's words."""

from __future__ import annotations

from windvane.errors import DoesNotExist, JobMissing


def in_own_words(error: Exception) -> str:
    if isinstance(error, JobMissing):
        return f"There is no AutoML job called {error.name} in this account and region."
    if isinstance(error, DoesNotExist):
        name = error.arn.rpartition("/")[2]
        return f"There is no {error.what} called {name} in this account and region."
    return str(error)
