"""The contract of store/base.py as a test suite: subclass it and give it three fixtures.

store         a Store with the newest schema and nothing in it
place         its StorePlace, to open it again elsewhere
empty_place   the StorePlace of a store without any schema
"""

from __future__ import annotations

from windvane.testing.store_laws.events import EventLaws
from windvane.testing.store_laws.identities import IdentityLaws
from windvane.testing.store_laws.logs import LogLaws
from windvane.testing.store_laws.paging import PagingLaws
from windvane.testing.store_laws.processes import ProcessLaws
from windvane.testing.store_laws.resources import (
    BucketLaws,
    ResourceLaws,
    SpentLaws,
    TagLaws,
)
from windvane.testing.store_laws.servers import ServerLaws
from windvane.testing.store_laws.tasks import TaskLaws
from windvane.testing.store_laws.transactions import TransactionLaws


class StoreContract(
    TransactionLaws,
    ResourceLaws,
    TagLaws,
    BucketLaws,
    PagingLaws,
    TaskLaws,
    ProcessLaws,
    LogLaws,
    EventLaws,
    SpentLaws,
    IdentityLaws,
    ServerLaws,
):
    """Every law that a kind of store has to keep."""
