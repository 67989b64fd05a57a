"""Where the present value of each field came from: who wrote it, when, through which door and which import.

Worked out from the history and the sets of changes, so nothing is kept twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select

from core.auth.models import User
from core.resources.declaration import Resource
from core.resources.gateway import Gateway
from core.resources.models import ChangeSet, ChangeSetRow, TimelineEntry

#: So many changes back a value is followed; what is older came with the record, or is not known.
_FOLLOWED: Final = 500
#: What every write and every record brings along; of these nobody asks.
_KEPT: Final = frozenset(
    (
        "id", "version", "created_at", "created_by", "updated_at", "updated_by", "archived_at",
        "archived_reason",
    )
)  # fmt: skip

_entry = TimelineEntry.__table__
_set = ChangeSet.__table__
_row = ChangeSetRow.__table__
_user = User.__table__


@dataclass(frozen=True, slots=True)
class Origin:
    """How a value got there."""

    at: datetime
    #: Empty for the command line.
    author: str
    author_id: int | None = None
    #: The door it came through, by name (`core.resources.channels`); empty where nobody knows.
    channel: str = ""
    #: The name of the file, of an import that can still be taken back.
    file: str = ""


def origins(gateway: Gateway, resource: Resource, record: Mapping[str, Any]) -> dict[str, Origin]:
    """The origin of every filled field of a record that the reader has read: ``{field: origin}``.

    What the core itself keeps of every record, such as ``updated_at``, has none.
    Fields he may not see are not in ``record`` and so not in the answer.
    """
    entries = gateway.session.execute(
        select(
            _entry.c.kind, _entry.c.channel, _entry.c.changes, _entry.c.created_at, _entry.c.created_by_id,
            _user.c.name,
        )
        .outerjoin(_user, _user.c.id == _entry.c.created_by_id)
        .where(
            _entry.c.resource == resource.name,
            _entry.c.record_id == record["id"],
            _entry.c.kind.in_(("created", "updated")),
        )
        .order_by(_entry.c.id.desc())
        .limit(_FOLLOWED)
    ).all()  # fmt: skip
    sets = gateway.session.execute(
        select(_set.c.kind, _set.c.label, _row.c.at, _row.c.before.is_(None).label("made"))
        .join(_row, _row.c.set_id == _set.c.id)
        .where(_row.c.resource == resource.name, _row.c.record_id == record["id"])
    ).all()
    # One transaction has one time; what an import made may bear the time of its original.
    changed_at = {each.at: each for each in sets}
    made_by = next((each for each in sets if each.made), None)
    filled = {name for name in resource.fields if record.get(name) not in (None, "", [])} - _KEPT
    found: dict[str, Origin] = {}
    for entry in entries:
        is_new = entry.kind == "created"
        through = made_by if is_new else changed_at.get(entry.created_at)
        # What was written before channels were kept is known by its set alone.
        channel = entry.channel or (through.kind if through is not None else "")
        file = through.label if through is not None and channel == through.kind == "import" else ""
        origin = Origin(entry.created_at, entry.name or "", entry.created_by_id, channel, file)
        for name in filled if is_new else filled & set(entry.changes or ()):
            found.setdefault(name, origin)
    return found
