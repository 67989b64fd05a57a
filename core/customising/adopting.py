"""Values of added fields and made-up records, taken over by the addon that was written from them.

Rows are copied by the database, table by table: nothing is worked out anew, no event is raised, nothing is
written into histories. Made-up records keep their keys, so that what leads to them goes on to do so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import BigInteger, Column, ColumnElement, Table, cast, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.access.actor import Actor
from core.customising import object_services, services
from core.customising.definitions import definitions, order_key
from core.customising.models import CustomRecord
from core.customising.objects import objects
from core.customising.places import COLUMN
from core.customising.stored import expression
from core.db.fields import Kind
from core.db.session import tenant_of
from core.errors import Conflict
from core.i18n import _l
from core.jobs import enqueue
from core.resources.declaration import Field, Resource
from core.resources.registry import Resources

_record: Final = CustomRecord.__table__


class NotThere(Conflict):
    """The tenant lacks something that is to be taken over, or what is to take it."""

    code = "nothing-to-adopt"
    message = _l("This tenant has no “%(name)s”. Is the addon on, and is it the tenant it was written from?")


class NotEmpty(Conflict):
    """The addon has records of its own already."""

    code = "adopting-not-empty"
    message = _l("“%(name)s” has records already; made-up records are taken over into empty tables only.")


@dataclass(frozen=True, slots=True)
class Adopted:
    """What became of the values of one resource."""

    resource: str
    #: Records whose values were taken over.
    taken: int
    #: Records left out: they lack what must not be empty, or were written under the new names already.
    left: int


@dataclass(frozen=True, slots=True)
class _Move:
    """A field as it was and as it is."""

    before: str
    field: Field
    column: Column[Any]

    @property
    def kind(self) -> Kind:
        return self.field.word.kind

    def value(self, source: Table) -> ColumnElement[Any]:
        """What a record of ``source`` holds; nothing for a link to what is gone."""
        found = expression(self.kind, source.c[COLUMN], self.before)
        if self.kind is Kind.FLAG:
            return func.coalesce(found, False)
        if self.field.target is not None:
            leads_to = self.field.target.table.alias()
            return select(leads_to.c.id).where(leads_to.c.id == found).scalar_subquery()
        return found


@dataclass(frozen=True, slots=True)
class _Part:
    """What is copied from one table into another."""

    #: The resource as it was and as it is.
    before: str
    resource: Resource
    moves: Sequence[_Move]
    source: Table
    target: Table
    #: Which rows of the source.
    where: ColumnElement[bool]
    #: Columns that both have.
    same: Sequence[str]

    @property
    def is_made_up(self) -> bool:
        """Whether whole records move, and not fields beside them."""
        return self.source is _record


def adopt(
    session: Session, resources: Resources, names: Mapping[str, Any], *, actor: Actor, dry_run: bool = False
) -> list[Adopted]:
    """Take values over and put the definitions away; what they held stays until they are deleted.

    Args:
        session: bound to the tenant; the caller commits.
        resources: of this process.
        names: what everything is called now, as the addon's ``customisation.json`` has it.
        actor: who does it.
        dry_run: only count.

    Raises:
        Forbidden: the actor may not customise.
        NotThere: something that is named is not there, or is archived.
        NotEmpty: a table for made-up records holds some.
    """
    services.require(actor)
    seen = {each.name: each for each in resources.visible(tenant_of(session))}
    parts = list(_parts(session, seen, names))
    trial = session.begin_nested()
    moved = {each.resource.name for each in parts if each.is_made_up}
    found = [_copy(session, part, moved) for part in parts]
    for part in parts:
        _join(session, part, moved)
    if dry_run:
        trial.rollback()
        return found
    trial.commit()
    for part in parts:
        _finish(session, resources, part, actor)
    return found


def _parts(session: Session, seen: Mapping[str, Resource], names: Mapping[str, Any]) -> Iterable[_Part]:
    kinds = {each.resource: each for each in objects(session) if not each.is_archived}
    fields = {(each.resource, each.name) for each in definitions(session) if not each.is_archived}
    moves: dict[str, list[_Move]] = {}
    become = {each["from"]: each["resource"] for each in names["objects"]}
    for each in names["fields"]:
        before, name = each["from"]["resource"], each["from"]["field"]
        if (before, name) not in fields:
            raise NotThere(name=f"{before}.{name}")
        resource = _seen(seen, each["resource"])
        field = resource.fields.get(each["field"])
        if field is None or field.place.column is None:
            raise NotThere(name=f"{each['resource']}.{each['field']}")
        moves.setdefault(before, []).append(_Move(name, field, field.place.column))
        become.setdefault(before, resource.name)
    for before, now in become.items():
        resource, own = _seen(seen, now), moves.get(before, [])
        if before in kinds:
            target = resource.table
            if session.scalar(select(target.c.id).limit(1)) is not None:
                raise NotEmpty(name=now)
            same = [name for name in map(str, target.c.keys()) if name in _record.c and name != COLUMN]
            where = _record.c.object_id == kinds[before].id
            yield _Part(before, resource, own, _record, target, where, same)
        elif before == now:
            source = resource.table
            written = or_(*(source.c[COLUMN].has_key(each.before) for each in own))
            yield _Part(before, resource, own, source, own[0].column.table, written, ["id"])
        else:
            raise NotThere(name=before)


def _seen(seen: Mapping[str, Resource], name: str) -> Resource:
    if name not in seen:
        raise NotThere(name=name)
    return seen[name]


def _copy(session: Session, part: _Part, moved: set[str]) -> Adopted:
    """Copy rows; links to records that are copied as well are put in when all are there."""
    columns: dict[str, ColumnElement[Any]] = {name: part.source.c[name] for name in part.same}
    needed: list[ColumnElement[bool]] = []
    for move in part.moves:
        if move.field.word.target in moved:
            continue
        columns[move.column.name] = value = move.value(part.source)
        if not move.column.nullable:
            needed.append(value.is_not(None))
        if move.field.word.sort_by:
            order = expression(Kind.TEXT, part.source.c[COLUMN], order_key(move.before))
            columns[move.field.word.sort_by] = func.coalesce(order, "")
    total = session.scalar(select(func.count()).select_from(part.source).where(part.where)) or 0
    rows = select(*columns.values()).where(part.where, *needed)
    copied = insert(part.target).from_select(list(columns), rows).on_conflict_do_nothing()
    taken = len(session.execute(copied.returning(part.target.c.id)).all())
    return Adopted(part.resource.name, taken, total - taken)


def _join(session: Session, part: _Part, moved: set[str]) -> None:
    """Put in the links to records that were copied."""
    for move in part.moves:
        if move.field.word.target in moved:
            linked = update(part.target).values({move.column.name: move.value(part.source)})
            here = part.source.c.id == part.target.c.id
            session.execute(linked.where(here, part.where, move.column.is_(None)))


def _finish(session: Session, resources: Resources, part: _Part, actor: Actor) -> None:
    """Put the definitions away, let numbers go on behind those taken over, and the search find all."""
    if part.is_made_up:
        object_services.set_archived(session, part.before.partition(".")[2], archived=True, actor=actor)
        _count_on(session, part.target)
    else:
        for move in part.moves:
            services.set_archived(session, resources, part.before, move.before, archived=True, actor=actor)
    if part.is_made_up or any(move.field.word.search for move in part.moves):
        enqueue(
            session, "core.reindex", {"resource": part.resource.name},
            actor=actor, label=str(part.resource.title_plural), key=part.resource.name,
            addon=part.resource.addon,
        )  # fmt: skip


def _count_on(session: Session, table: Table) -> None:
    """Let keys and numbers of new records begin behind those that are there."""
    digits = cast(func.substring(table.c.number, r"\d+$"), BigInteger) if "number" in table.c else None
    for name, value in (("id", table.c.id), ("number", digits)):
        last = None if value is None else session.scalar(select(func.max(value)))
        if last:
            step = text("select count(nextval(cast(:sequence as regclass))) from generate_series(1, :last)")
            session.execute(step, {"sequence": f"{table.name}_{name}_seq", "last": last})
