"""Log lines keep the note that they tell. Lines of an endpoint's history, which were known by their wording, get theirs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_GROUPS = "/aws/sagemaker/Endpoints/%"

_STATUS = re.compile(r"The endpoint (?P<endpoint>\S+) is (?P<status>[A-Za-z]+)\.(?: .*)?")
_UPDATE = re.compile(r"Update to the endpoint configuration (?P<config>\S+)\.")
_VARIANT = re.compile(r"Variant (?P<variant>\S+): (?P<figures>.* becomes .*)\.")
_FIGURE = re.compile(r"(?P<name>[a-z ]+?) (?P<before>[0-9.e+-]+) becomes (?P<after>[0-9.e+-]+)")
_NAMES = {
    "weight": "weight",
    "instances": "instances",
    "most requests at once": "max_concurrency",
    "provisioned processes": "provisioned",
}


def upgrade() -> None:
    """The lines of versions up to 0006 are told apart by their sentences, once and for all."""
    op.add_column("log_lines", sa.Column("note", _TEXT, nullable=True))
    connection = op.get_bind()
    of_history = sa.text(
        "SELECT log_lines.id, message FROM log_lines JOIN log_groups ON log_groups.id = group_id "
        "WHERE name LIKE :groups AND (message LIKE 'The endpoint %' OR message LIKE 'Update to %' "
        "OR message LIKE 'Variant %')"
    )
    found = connection.execute(of_history, {"groups": _GROUPS}).all()
    notes = [
        {"id": line, "note": json.dumps(note, separators=(",", ":"))}
        for line, message in found
        for note in _notes(message)
    ]
    if notes:
        connection.execute(sa.text("UPDATE log_lines SET note = :note WHERE id = :id"), notes)


def _notes(message: str) -> Iterator[dict[str, Any]]:
    """Yield the note of a line, if it is one of an endpoint's history."""
    if match := _STATUS.fullmatch(message):
        yield {"code": "endpoint-is", "facts": match.groupdict()}
    elif match := _UPDATE.fullmatch(message):
        yield {"code": "endpoint-updating", "facts": match.groupdict()}
    elif match := _VARIANT.fullmatch(message):
        figures = [one.groupdict() for one in _FIGURE.finditer(match["figures"])]
        before, after = (
            {_NAMES[one["name"].strip()]: float(one[when]) for one in figures}
            for when in ("before", "after")
        )
        yield {
            "code": "variant-rescaled",
            "facts": {"variant": match["variant"], "before": before, "after": after},
        }
