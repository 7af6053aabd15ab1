"""The name of a job that is made from another one's settings."""

from __future__ import annotations

import re
from collections.abc import Iterator

from windvane.console.request_context import RequestContext
from windvane.errors import CallerFault
from windvane.names import numbered

RERUN, RETRAINED = "rerun", "retrained"

_LONGEST = 32
_MADE_BEFORE = re.compile(rf"(?:-\d{{4}}-\d{{6}})?(?:-(?:{RERUN}|{RETRAINED})(?:-\d+)?)?$")
"""The end of a name: the time that the form puts behind the name of a file, and what this module adds."""


def names_again(job: str, suffix: str) -> Iterator[str]:
    """Return names after that of a job, the plainest first, and at last one that nobody has.

    >>> [next(names) for names in [names_again("bank-1203-091500", RETRAINED)] for _ in range(2)]
    ['bank-retrained', 'bank-retrained-2']
    >>> next(names_again("bank-retrained-2", RERUN)), next(names_again("a" * 32, RERUN))
    ('bank-rerun', 'aaaaaaaaaaaaaaaaaaaaaaaaaa-rerun')
    """
    return numbered(_MADE_BEFORE.sub("", job) or job, _LONGEST, suffix)


async def name_again(context: RequestContext, job: str, suffix: str) -> str:
    """Return the first of these names that no job has, as far as whoever is signed in may know."""
    names = names_again(job, suffix)
    name = next(names)
    while await _has_job(context, name):
        name = next(names)
    return name


async def _has_job(context: RequestContext, name: str) -> bool:
    try:
        await context.ask("sagemaker", "DescribeAutoMLJobV2", {"AutoMLJobName": name})
    except CallerFault:
        return False
    return True
