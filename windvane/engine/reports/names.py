"""How the head of a report names the candidate that it is on."""

from __future__ import annotations


def names_of_candidate(candidate: str, api_name: str) -> list[tuple[str, str]]:
    """Return facts for the head of a report.

    candidate    the name for people
    api_name     the one that the API has for it; "" without a server

    >>> names_of_candidate("LightGBM 9", "churn-t9-1-0a1b2c3d"), names_of_candidate("candidate 9", "")
    ([('Candidate', 'LightGBM 9'), ('Name in the API', 'churn-t9-1-0a1b2c3d')], [('Candidate', 'candidate 9')])
    """
    return [("Candidate", candidate), *([("Name in the API", api_name)] if api_name else [])]
