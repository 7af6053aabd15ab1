"""What a check found: each kind with what it means, whether it is a fault, and what mending does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum


class Kind(Enum):
    """Every kind of finding: its name, and what it means to whoever runs the server."""

    DATABASE_DAMAGED = "The database fails its own integrity check. Restore a backup."
    SCHEMA_NEWER = (
        "A newer version of Windvane has used the store. Use that version or a later one."
    )
    SCHEMA_OLDER = "An earlier version wrote the store. The next start upgrades it."
    TASK_WITHOUT_JOB = "A task belongs to a job that is not there. No worker can do it."
    TAG_WITHOUT_RESOURCE = "A tag belongs to a resource that is not there. Nobody can see it."
    RECORD_WITHOUT_PARENT = (
        "A record belongs to a job that is not there. Lists of that job cannot show it."
    )
    RECORD_UNREADABLE = "A record cannot be read by this version: operations on it fail."
    KEYS_UNREADABLE = (
        "Keys cannot be read: the server does not start. Restore the file from a backup."
    )
    KEY_SEALED = "An encryption key cannot be opened: nothing that it encrypts can be read. Its master key is missing."
    MODE_TOO_OPEN = "Other users of the machine can read it."
    OWNER_DIFFERS = (
        "It belongs to another user than the data folder: the server may fail to use it."
    )
    LEFTOVER = "A process that was killed left it. Nothing refers to it."
    WORKSPACE_WITHOUT_JOB = "The working folder of a job that is not there."
    MODEL_MISSING = "An endpoint or model names model data that is not in the object store: it cannot be started."
    ARTEFACT_MISSING = (
        "A record names a file that is not in the object store: it was deleted, or lost."
    )
    OBJECT_WITHOUT_FILE = "An object's bytes are gone: reading it fails. Restore it from a backup."
    OBJECT_DAMAGED = "An object's bytes are not those that were written. Restore it from a backup."
    FILE_WITHOUT_OBJECT = "A data file belongs to no object: an upload that was never acknowledged."
    INDEX_DAMAGED = "The index of the objects fails its own integrity check. Restore a backup."

    @property
    def meaning(self) -> str:
        return self.value

    @property
    def code(self) -> str:
        """The code as shown: object-without-file."""
        return self.name.lower().replace("_", "-")


NOTES = frozenset({Kind.SCHEMA_OLDER, Kind.ARTEFACT_MISSING})
"""What is worth knowing and no fault: a client may delete a job's files."""


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be.

    where    path, ARN or S3 URI
    detail   what exactly, "" if the kind says it all
    mend     does away with it without losing anything; None if nothing can
    """

    kind: Kind
    where: str
    detail: str = ""
    mend: Callable[[], None] | None = field(default=None, repr=False)

    @property
    def is_fault(self) -> bool:
        return self.kind not in NOTES
