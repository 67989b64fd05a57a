"""Keeping what it takes to undo the changes of a set."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, Final

import orjson
from sqlalchemy import ARRAY, BigInteger, Integer, Text, bindparam, insert, text
from sqlalchemy.orm import Session

from core.access.actor import Actor
from core.db.fields import Sensitivity
from core.db.session import marked
from core.resources.batch import Batch
from core.resources.change_sets.values import kept_line
from core.resources.declaration import Resource
from core.resources.models import ChangeSet
from core.resources.timeline import plain

_set = ChangeSet.__table__

_CREATED: Final = text(
    "insert into core_change_set_row (set_id, resource, record_id, version)"
    " select :set_id, :resource, unnest(:ids), 1"
).bindparams(bindparam("ids", type_=ARRAY(BigInteger)))
#: A record that a set changes again keeps what was there before the first time.
_CHANGED: Final = text(
    "insert into core_change_set_row as r (set_id, resource, record_id, version, before, lines)"
    " select :set_id, :resource, c.id, c.version, c.before::jsonb, c.lines::jsonb"
    " from unnest(:ids, :versions, :befores, :lines) as c (id, version, before, lines)"
    " on conflict (set_id, resource, record_id) do update set version = excluded.version, at = now(),"
    " before = excluded.before || r.before,"
    " lines = coalesce(excluded.lines, '{}') || coalesce(r.lines, '{}')"
).bindparams(
    bindparam("ids", type_=ARRAY(BigInteger)),
    bindparam("versions", type_=ARRAY(Integer)),
    bindparam("befores", type_=ARRAY(Text)),
    bindparam("lines", type_=ARRAY(Text)),
)
_NOTED: Final = """
    insert into core_change_set_row as r (set_id, resource, record_id, version, before, notes)
    select :set_id, :resource, t.id, t.version, '{}', array[n.entry]
    from unnest(:ids, :entries) as n (id, entry) join %s t on t.id = n.id
    on conflict (set_id, resource, record_id) do update set at = now(),
    notes = coalesce(r.notes, '{}') || excluded.notes
"""


def open_set(session: Session, kind: str, resource: Resource, *, actor: Actor, label: str) -> int:
    """Begin a set and give its number.

    Args:
        session: bound to one tenant; the caller commits.
        kind: import, bulk or sample.
        resource: what the set is about; it may come to change others too.
        actor: who makes the changes, and may take them back.
        label: what people know it by, such as the name of a file.
    """
    values = {"kind": kind, "resource": resource.name, "label": label[:300], "actor_id": actor.user_id}
    return int(session.scalars(insert(_set).values(values).returning(_set.c.id)).one())


def collecting(session: Session, set_id: int) -> AbstractContextManager[None]:
    """Record what services write in the block as parts of a set."""
    return marked(session, "change_set", set_id)


def record(batch: Batch) -> None:
    """Keep what it takes to undo a batch; an upkeep step of every batch."""
    if batch.change_set is None or batch.resource.is_nested or not batch.changes:
        return
    about = {"set_id": batch.change_set, "resource": batch.resource.name}
    ids = [change.id for change in batch.changes]
    if batch.kind == "created":
        batch.session.execute(_CREATED, {**about, "ids": ids})
        return
    secret = {
        field.name for field in batch.resource.fields.values() if field.word.sensitivity is Sensitivity.SECRET
    }
    changed: dict[str, list[Any]] = {"ids": ids, "versions": [], "befores": [], "lines": []}
    for change in batch.changes:
        assert change.before is not None
        before = {name: change.stored(batch.resource, name) for name in change.values if name not in secret}
        lines = {
            name: [kept_line(batch.resource.lines_fields[name], row) for row in rows]
            for name, rows in change.lines_before.items()
        }
        changed["versions"].append(change.before["version"] + 1)
        changed["befores"].append(orjson.dumps(before, default=plain).decode())
        changed["lines"].append(orjson.dumps(lines, default=plain).decode() if lines else None)
    batch.session.execute(_CHANGED, {**about, **changed})


def record_notes(session: Session, resource: Resource, notes: Mapping[int, int]) -> None:
    """Keep which notes a set wrote: ``{record: number of the note}``."""
    set_id = session.info.get("change_set")
    if set_id is None or not notes:
        return
    statement = text(_NOTED % resource.table.name).bindparams(
        bindparam("ids", type_=ARRAY(BigInteger)), bindparam("entries", type_=ARRAY(BigInteger))
    )
    about = {"set_id": set_id, "resource": resource.name}
    session.execute(statement, {**about, "ids": list(notes), "entries": list(notes.values())})
