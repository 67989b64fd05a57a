"""How the supplied records of a tenant stand now: as supplied, edited, deleted, not possible."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from core.access.actor import OPERATOR, Actor
from core.db.session import tenant_of
from core.errors import Forbidden, NotFound
from core.i18n import unpack
from core.resources.declaration import Resource
from core.resources.gateway import Gateway
from core.resources.resolver import Answer
from core.seeds.files import Mode, Seed
from core.seeds.merging import merge
from core.seeds.registry import Seeds
from core.seeds.stored import empty, present, supplied
from core.seeds.values import Meaning
from core.seeds.writing import SUPPLIED, Writing, hold, records


class State(StrEnum):
    """How one record stands."""

    #: As it is supplied.
    SAME = "same"
    #: Written once, and the tenant's since.
    OWN = "own"
    #: Edited by the tenant, so that supplied values are left out.
    KEPT = "kept"
    #: Another value is supplied and comes with the next upgrade.
    WAITING = "waiting"
    DELETED = "deleted"
    ARCHIVED = "archived"
    #: A rule speaks against it.
    REFUSED = "refused"
    #: The addon has stopped supplying it; the record stays.
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that the tenant has otherwise than it is supplied; both in the stored form."""

    name: str
    theirs: Any
    shipped: Any


@dataclass(frozen=True, slots=True)
class Standing:
    """One supplied record."""

    addon: str
    key: str
    resource: Resource
    mode: Mode
    state: State
    #: As people know it; what is supplied where it is not there.
    label: str
    #: None where there is no record to look at.
    record_id: int | None = None
    differences: Sequence[Difference] = field(default_factory=tuple)
    #: Why it could not be written; empty when it could.
    reason: str = ""
    #: When it was last written from here, after the first time.
    updated_at: datetime | None = None


def standings(session: Session, seeds: Seeds, on: Collection[str], actor: Actor) -> list[Standing]:
    """How all supplied records of the addons that are on stand, as far as the reader may see them.

    The number of queries depends on the resources, not on the records.
    """
    rows = records(session)
    reader, all_ = Gateway(session, actor), Gateway(session, OPERATOR)
    found: list[Standing] = []
    for addon in seeds.addons(on):
        supplied_now = {seed.key: seed for seed in seeds.of(addon, SUPPLIED)}
        keys = [
            *supplied_now,
            *(key for key, row in rows.items() if row.addon == addon and row.mode != Mode.SAMPLE),
        ]
        by_resource: dict[str, list[str]] = {}
        for key in dict.fromkeys(keys):
            name = supplied_now[key].resource if key in supplied_now else rows[key].resource
            by_resource.setdefault(name, []).append(key)
        for name, those in by_resource.items():
            if name not in seeds.resources or not actor.may(name, "read"):
                continue
            resource = reader.seen(seeds.resources[name])
            look = _Look(session, reader, all_, resource, rows, those)
            found += filter(None, (look.at(key, supplied_now.get(key), addon) for key in those))
    return found


def take_shipped(session: Session, seeds: Seeds, key: str, names: Sequence[str], *, actor: Actor) -> None:
    """Give fields of a record the values that are supplied.

    Args:
        session: bound to one tenant; the caller commits.
        seeds: of all addons.
        key: of the seed.
        names: its fields.
        actor: who takes them; needs the right to change the record.

    Raises:
        NotFound: no such seed is supplied here, or its record is gone or out of reach.
        Forbidden: the actor may not change it.
        Invalid: a rule speaks against it.
    """
    seed = _supplied(session, seeds, key, actor)
    hold(session)
    writing = Writing(session, seeds, seed.addon, actor=actor)
    if not writing.is_there(seed) or not set(names) <= seed.values.keys():
        raise NotFound
    writing.take(seed, names)


def bring_back(session: Session, seeds: Seeds, key: str, *, actor: Actor) -> None:
    """Write a record again that was deleted or could not be written, or restore one that was put away.

    Raises:
        NotFound: no such seed is supplied here.
        Forbidden: the actor may not create or restore it.
        Invalid: a rule speaks against it.
    """
    seed = _supplied(session, seeds, key, actor)
    hold(session)
    Writing(session, seeds, seed.addon, actor=actor).bring_back(seed)


def _supplied(session: Session, seeds: Seeds, key: str, actor: Actor) -> Seed:
    on = seeds.addons(tenant_of(session).addons)
    seed = seeds.named(on).get(key)
    if seed is None or seed.mode not in SUPPLIED or not actor.may(seed.resource, "read"):
        raise NotFound
    if not actor.may(seed.resource, "update"):
        raise Forbidden
    return seed


class _Look:
    """The records of one resource."""

    def __init__(
        self,
        session: Session,
        reader: Gateway,
        all_: Gateway,
        resource: Resource,
        rows: Mapping[str, Row[Any]],
        keys: Sequence[str],
    ) -> None:
        ids = [rows[key].record_id for key in keys if key in rows and rows[key].record_id is not None]
        self.all = all_
        self.resource = resource
        self.rows = rows
        self.present = present(reader, resource, ids)
        self.there = all_.reached(resource, ids)
        self.open = {
            name for name, each in resource.fields.items() if reader.resolver.answer(each) is Answer.OPEN
        } | set(resource.lines_fields)
        links = {row.key: row.record_id for row in rows.values()}
        self.meaning = Meaning.of(session, links.get)

    def at(self, key: str, seed: Seed | None, addon: str) -> Standing | None:
        """How one stands; None where the reader may not see it."""
        row = self.rows.get(key)
        number = row.record_id if row is not None else None
        if number in self.there and number not in self.present:
            return None
        now = self.present.get(number) if number is not None else None
        shipped = supplied(self.all, self.resource, self.meaning.raw(seed, self.resource)) if seed else {}
        named = now or shipped or (row.shipped if row is not None else {})
        mode = seed.mode if seed is not None else Mode(row.mode if row is not None else "")
        state, differences = self._state(seed, row, now, shipped)
        return Standing(
            addon, key, self.resource, mode, state,
            label=str(named.get(self.resource.label) or key),
            record_id=number if now is not None else None,
            differences=differences,
            reason=str(unpack(row.failure)) if row is not None and row.failure else "",
            updated_at=row.updated_at if row is not None else None,
        )  # fmt: skip

    def _state(
        self,
        seed: Seed | None,
        row: Row[Any] | None,
        now: Mapping[str, Any] | None,
        shipped: Mapping[str, Any],
    ) -> tuple[State, Sequence[Difference]]:
        if seed is None:
            return State.DROPPED, ()
        if row is None:
            return State.WAITING, ()
        if now is None:
            return State.REFUSED if row.failure else State.DELETED, ()
        if now["archived_at"] is not None:
            return State.ARCHIVED, ()
        if seed.mode is Mode.ONCE:
            return State.OWN, ()
        found = merge(shipped, last=row.shipped, written=row.written, present=now, empty=empty(self.resource))
        named = found.kept | found.changed if row.failure else found.kept
        differing = [
            Difference(name, now[name], shipped[name]) for name in shipped if name in named & self.open
        ]
        if row.failure:
            return State.REFUSED, differing
        if differing:
            return State.KEPT, differing
        return (State.WAITING if found.changed else State.SAME), ()
