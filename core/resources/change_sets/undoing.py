"""Taking a set of changes back, part by part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import Row, Table, delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.access.actor import Actor
from core.access.policy import Policy
from core.addons.switch import is_on
from core.db.base import metadata
from core.db.session import tenant_of
from core.errors import Forbidden, GuanxiError, NotFound, Unavailable
from core.resources.batch import Change
from core.resources.change_sets.values import former_lines, lines_now, unplain
from core.resources.channels import through
from core.resources.declaration import Resource, resource_called
from core.resources.editions import edition_of
from core.resources.gateway import Gateway
from core.resources.models import ChangeSet, ChangeSetRow, TimelineEntry

#: Records taken back in one go.
PART: Final = 500
#: The verb that whoever made a set of a kind still needs to take it back.
_VERBS: Final = {"import": "import", "bulk": "update"}

_set = ChangeSet.__table__
_row = ChangeSetRow.__table__
_entry = TimelineEntry.__table__


@dataclass(frozen=True, slots=True)
class Undone:
    """What taking a set back has come to, in records."""

    restored: int
    removed: int
    #: Changed since, so left as they are.
    left: int
    #: Whether all of it has been gone through.
    is_done: bool = True


def may_undo(found: Mapping[str, Any], actor: Actor) -> bool:
    """Whether somebody may take a set back: who made it, and administrators.

    Args:
        found: kind, resource and actor_id of the set.
        actor: who asks.
    """
    if actor.is_administrator:
        return True
    is_own = found["actor_id"] is not None and found["actor_id"] == actor.user_id
    return is_own and actor.may(found["resource"], _VERBS[found["kind"]])


def size(session: Session, set_id: int) -> int:
    """How many records a set still has to be taken back from."""
    counted = select(func.count()).where(_row.c.set_id == set_id, _row.c.is_left.is_(False))
    return session.scalar(counted) or 0


def record_ids(session: Session, set_id: int, resource: Resource, *, limit: int) -> list[int]:
    """The records of one resource that a set has made or changed, the first ``limit`` of them."""
    mine = (_row.c.set_id == set_id, _row.c.resource == resource.name)
    statement = select(_row.c.record_id).where(*mine).order_by(_row.c.record_id).limit(limit)
    return list(session.scalars(statement))


def undo(session: Session, set_id: int, *, actor: Actor, limit: int | None = None) -> Undone:
    """Take back what a set did, or the next part of it; a set that is undone stays so.

    What was changed is restored first, then what was created is removed, the newest first, all
    by the services of the resources with their rules. Rights beyond the set itself are not needed:
    whoever made the records may unmake them.

    Args:
        session: bound to one tenant; the caller commits. Between calls he may, and should with
            a large set: what is done is done, and the next call goes on from there.
        set_id: the set.
        actor: who made it, or an administrator.
        limit: at most so many records in this call; None for all.

    Raises:
        NotFound: there is no such set, or the actor may not know of it.
        Forbidden: it is somebody else's.
    """
    row = session.execute(select(_set).where(_set.c.id == set_id).with_for_update()).mappings().first()
    found: Mapping[str, Any] | None = dict(row) if row is not None else None
    if found is None or not actor.may(found["resource"], "read"):
        raise NotFound
    if not may_undo(found, actor):
        raise Forbidden
    state = _Undoing(session, found, actor)
    if found["state"] != "undone":
        with _collecting_nothing(session), through(session, "undo"):
            state.go_on(limit)
    return state.result


@contextmanager
def _collecting_nothing(session: Session) -> Iterator[None]:
    """Keep what is taken back out of every set."""
    before = session.info.pop("change_set", None)
    try:
        yield
    finally:
        session.info["change_set"] = before


class _Undoing:
    """One call of `undo`."""

    def __init__(self, session: Session, found: Mapping[str, Any], actor: Actor) -> None:
        self.session = session
        self.set = found
        self.actor = actor
        self.result = Undone(found["restored"], found["removed"], found["left"], found["state"] == "undone")

    def go_on(self, limit: int | None) -> None:
        """Take back up to ``limit`` records and write down how far it has come."""
        done = 0
        restored, removed, left = self.result.restored, self.result.removed, self.result.left
        is_done = False
        while limit is None or done < limit:
            rows = self._part(PART if limit is None else min(PART, limit - done))
            if not rows:
                is_done = True
                break
            ids = [row.record_id for row in rows]
            resource = resource_called(rows[0].resource)
            if resource is not None:
                resource = edition_of(self.session).of(resource)
            if resource is None or not is_on(tenant_of(self.session), resource.addon):
                kept = set(ids)
            elif rows[0].before is not None:
                kept = self._restore(resource, rows)
                restored += len(ids) - len(kept)
            else:
                kept = self._remove(resource, rows)
                removed += len(ids) - len(kept)
            left += len(kept)
            self._forget(rows[0].resource, ids, kept)
            done += len(rows)
        self.result = Undone(restored, removed, left, is_done)
        values = {"restored": restored, "removed": removed, "left": left}
        ended = {"state": "undone", "undone_at": func.now()} if is_done else {"state": "undoing"}
        by = {"undone_by_id": self.actor.user_id}
        self.session.execute(update(_set).where(_set.c.id == self.set["id"]).values(values | ended | by))

    def _part(self, count: int) -> Sequence[Row[Any]]:
        """The next rows to take back, all of one resource and all created or all changed."""
        is_created = _row.c.before.is_(None)
        order = (is_created, (_row.c.resource != self.set["resource"]), _row.c.resource)
        mine = (_row.c.set_id == self.set["id"], _row.c.is_left.is_(False))
        first = self.session.execute(
            select(is_created.label("is_created"), _row.c.resource).where(*mine).order_by(*order).limit(1)
        ).first()
        if first is None:
            return []
        statement = select(_row).where(
            *mine, _row.c.resource == first.resource, is_created == first.is_created
        )
        return self.session.execute(statement.order_by(_row.c.record_id.desc()).limit(count)).all()

    def _forget(self, resource: str, ids: Sequence[int], kept: set[int]) -> None:
        mine = (_row.c.set_id == self.set["id"], _row.c.resource == resource)
        gone = [number for number in ids if number not in kept]
        self.session.execute(delete(_row).where(*mine, _row.c.record_id.in_(gone)))
        if kept:
            marked = update(_row).where(*mine, _row.c.record_id.in_(kept)).values(is_left=True)
            self.session.execute(marked)

    # What was changed

    def _restore(self, resource: Resource, rows: Sequence[Row[Any]]) -> set[int]:
        """Give records their former values; gives those that are left."""
        gateway = Gateway(self.session, self.actor)
        by_id = {row.record_id: row for row in rows}
        stored = gateway.locked(resource, list(by_id))
        policy = Policy(self.actor, resource.name, "update", resource.is_owned)
        ready = [
            number
            for number, row in stored.items()
            if row["version"] == by_id[number].version and policy.decide(row).allowed
        ]
        lines = {name: lines_now(self.session, each, ready) for name, each in resource.lines_fields.items()}
        changes, states = [], []
        for number in ready:
            row = by_id[number]
            # A field whose addon has gone off meanwhile stays as it is.
            before = {
                name: unplain(resource.fields[name], value)
                for name, value in row.before.items()
                if name in resource.fields
            }
            if "archived_at" in before:
                states.append((number, before.pop("archived_at"), before.pop("archived_reason", None)))
            change = Change(before, before=stored[number], id=number)
            for name, each in resource.lines_fields.items():
                former = former_lines(each, lines[name].get(number, ()), (row.lines or {}).get(name), row.at)
                if former is not None:
                    change.lines[name] = former
            changes.append(change)
        left = by_id.keys() - set(ready)
        left |= self._write(resource, gateway, changes)
        for number, archived_at, reason in states:
            if number in left:
                continue
            if archived_at is None:
                resource.service.restore(self.session, [number], actor=self.actor)
            else:
                resource.service.archive(self.session, [number], actor=self.actor, reason=reason)
        notes = [note for row in rows if row.record_id not in left for note in row.notes or ()]
        if notes:
            self.session.execute(delete(_entry).where(_entry.c.id.in_(notes)))
        return left

    def _write(self, resource: Resource, gateway: Gateway, changes: Sequence[Change]) -> set[int]:
        """Write changes through the service; gives the records that it refuses."""
        if not changes:
            return set()
        given = {change.id: (dict(change.values), dict(change.lines)) for change in changes}
        batch = resource.service.prepare_changes(gateway, changes)
        refused = {change.id for change in batch.changes if change.errors and change.id is not None}
        try:
            with self.session.begin_nested():
                resource.service.write(batch)
        except (GuanxiError, IntegrityError) as error:
            if isinstance(error, Unavailable):
                raise
            good = [change for change in changes if change.id not in refused]
            if len(good) == 1:
                return refused | {change.id for change in good if change.id is not None}
            middle = len(good) // 2
            for half in (good[:middle], good[middle:]):
                anew = [
                    Change(given[each.id][0], before=each.before, id=each.id, lines=given[each.id][1])
                    for each in half
                ]
                refused |= self._write(resource, gateway, anew)
        return refused

    # What was created

    def _remove(self, resource: Resource, rows: Sequence[Row[Any]]) -> set[int]:
        """Delete records for good; gives those that are left."""
        by_id = {row.record_id: row for row in rows}
        stored = Gateway(self.session, self.actor).locked(resource, list(by_id))
        table = resource.table
        there = set(self.session.scalars(select(table.c.id).where(table.c.id.in_(by_id))))
        relied_on = self._noted(resource, rows) | self._referred_to(resource, list(by_id))
        actor = _unmaking(self.actor, resource)
        policy = Policy(actor, resource.name, "delete", resource.is_owned)
        ready = [
            number
            for number, row in stored.items()
            if row["version"] == by_id[number].version
            and number not in relied_on
            and policy.decide(row).allowed
        ]
        return there - set(ready) | self._delete(resource, ready, actor)

    def _delete(self, resource: Resource, ids: Sequence[int], actor: Actor) -> set[int]:
        if not ids:
            return set()
        try:
            with self.session.begin_nested():
                resource.service.delete(self.session, ids, actor=actor)
        except (GuanxiError, IntegrityError) as error:
            if isinstance(error, Unavailable):
                raise
            if len(ids) == 1:
                return set(ids)
            middle = len(ids) // 2
            return self._delete(resource, ids[:middle], actor) | self._delete(resource, ids[middle:], actor)
        return set()

    def _noted(self, resource: Resource, rows: Sequence[Row[Any]]) -> set[int]:
        """The records that people have written notes on, or put files on, besides the set itself."""
        mine = {note for row in rows for note in row.notes or ()}
        written = select(_entry.c.id, _entry.c.record_id).where(
            _entry.c.resource == resource.name,
            _entry.c.record_id.in_([row.record_id for row in rows]),
            _entry.c.kind.in_(("note", "attachment")),
        )
        return {entry.record_id for entry in self.session.execute(written) if entry.id not in mine}

    def _referred_to(self, resource: Resource, ids: Sequence[int]) -> set[int]:
        """The records that others have come to refer to since, where a deletion would not say so."""
        tables = [
            (table, key.parent)
            for table in metadata.sorted_tables
            for key in table.foreign_keys
            if key.references(resource.table) and key.ondelete and "updated_at" in table.c
        ]
        there = self._present({table for table, _column in tables})
        found: set[int] = set()
        for table, column in tables:
            if table not in there:
                continue
            since = func.greatest(table.c.created_at, table.c.updated_at) > _row.c.at
            statement = (
                select(column)
                .distinct()
                .join_from(_row, table, column == _row.c.record_id)
                .where(_row.c.set_id == self.set["id"], _row.c.resource == resource.name)
                .where(_row.c.record_id.in_(ids), since)
            )
            found |= set(self.session.scalars(statement))
        return found

    def _present(self, tables: set[Table]) -> set[Table]:
        """Those the tenant has; an addon that was never on has none, one that is off keeps its own."""
        tenant = tenant_of(self.session)
        unsure = {table.name: table for table in tables if not is_on(tenant, table.info.get("addon", "core"))}
        if not unsure:
            return tables
        name = func.unnest(list(unsure)).column_valued("name")
        known = set(
            self.session.scalars(select(name).where(func.to_regclass(func.quote_ident(name)).is_not(None)))
        )
        return {table for table in tables if table.name not in unsure or table.name in known}


def _unmaking(actor: Actor, resource: Resource) -> Actor:
    """The actor with the right to delete what he may create."""
    if actor.is_administrator:
        return actor
    reaches = {**actor.reaches}
    reaches[resource.name, "delete"] = [
        *actor.reaches.get((resource.name, "delete"), ()),
        *actor.reaches.get((resource.name, "create"), ()),
    ]
    return replace(actor, reaches=reaches)
