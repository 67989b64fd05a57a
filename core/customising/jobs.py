"""What takes its time: indexes of fields filtered by often, and taking the values of deleted ones out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import create_engine, delete, func, literal, select, text, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.pool import NullPool

from core.customising import stored
from core.customising.definitions import Definition, definitions, order_key
from core.customising.errors import NoOwner, NoSuchField
from core.customising.models import CustomField, CustomObject, CustomRecord
from core.customising.object_services import REMOVE as REMOVE_OBJECT
from core.customising.places import place_of
from core.customising.services import INDEX, REMOVE
from core.db.base import ENGINE_INDEX
from core.db.fields import Kind
from core.i18n import _, _l
from core.jobs import Work, enqueue, job
from core.resources.declaration import Resource
from core.resources.editions import resource_seen
from core.resources.models import Attachment, TimelineEntry
from core.resources.places import Place
from core.resources.views.models import SavedView, ViewHabit
from core.search.models import SearchDocument

#: So many records are treated in one transaction.
BATCH: Final = 5000

_field, _object, _record = (each.__table__ for each in (CustomField, CustomObject, CustomRecord))
_entry, _attachment, _document = (each.__table__ for each in (TimelineEntry, Attachment, SearchDocument))
_view, _habit = SavedView.__table__, ViewHabit.__table__
_dialect: Final = postgresql.dialect()  # type: ignore[no-untyped-call]
_MADE: Final = text("""
    select c.relname, i.indisvalid from pg_index i join pg_class c on c.oid = i.indexrelid
    where c.relnamespace = to_regnamespace(:schema) and starts_with(c.relname, :prefix)
""")


def indexes_of(definition: Definition, resource: Resource) -> dict[str, str]:
    """The indexes a field needs: ``{name: what stands behind "create index concurrently"}``."""
    places: list[Place] = [place_of(definition)]
    if definition.kind is Kind.TEXT:
        places.append(places[0].companion(order_key(definition.name)))
    table = _dialect.identifier_preparer.quote(resource.table.name)
    found = {}
    for number, each in enumerate(places):
        name = f"{ENGINE_INDEX}{definition.id}_{number}"
        compiled = each.value(resource.table).compile(
            dialect=_dialect, compile_kwargs={"include_table": False, "literal_binds": True}
        )
        found[name] = f"{name} on {table} (({compiled}))"
    return found


@job(INDEX, title=_l("Indexes of added fields"), attempts=3, every="25 * * * *")
def index_fields(work: Work) -> dict[str, Any] | None:
    """Make the indexes that definitions ask for and drop those of none; nobody has to wait for it."""
    wanted: dict[str, str] = {}
    with work.unit() as session:
        frequent = [each for each in definitions(session) if each.is_frequent]
        given = {"schema": f'"{work.tenant.schema}"', "prefix": ENGINE_INDEX}
        made: Mapping[str, bool] = dict(session.execute(_MADE, given).all())
        for each in frequent:
            resource = resource_seen(session, each.resource)
            if resource is not None:
                wanted |= indexes_of(each, resource)
    # An addon that cannot be loaded just now keeps its indexes.
    kept = tuple(f"{ENGINE_INDEX}{each.id}_" for each in frequent)
    bad = [name for name, is_valid in made.items() if not name.startswith(kept or ("-",)) or not is_valid]
    missing = [name for name in wanted if not made.get(name)]
    if not bad and not missing:
        return None
    if work.kernel.owner_url is None:
        raise NoOwner
    engine = create_engine(work.kernel.owner_url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(text("select set_config('search_path', :schema, false)"), given)
            for name in bad:
                connection.execute(text(f"drop index concurrently if exists {name}"))
            for done, name in enumerate(missing):
                work.progress(done, len(missing), _("Index %(number)s", number=done + 1))
                statement = f"create index concurrently {wanted[name]}"
                connection.exec_driver_sql(statement, execution_options={"no_parameters": True})
    finally:
        engine.dispose()
    return {"made": len(missing), "dropped": len(bad)}


@job(REMOVE_OBJECT, title=_l("Remove records of a deleted kind"), lane="bulk")
def remove_object(work: Work) -> dict[str, Any]:
    """Take the records of a deleted kind and what hangs on them away, then the kind; may be done again."""
    number, resource = work.arguments["object"], work.arguments["resource"]
    removed = 0
    with work.unit() as session:
        own = _record.c.object_id == number
        total = session.scalar(select(func.count()).select_from(_record).where(own)) or 0
    while True:
        with work.unit() as session:
            batch = select(_record.c.id).where(own).order_by(_record.c.id).limit(BATCH)
            numbers = session.scalars(batch).all()
            for table in (_entry, _attachment, _document):
                session.execute(
                    delete(table).where(table.c.resource == resource, table.c.record_id.in_(numbers))
                )
            session.execute(delete(_record).where(_record.c.id.in_(numbers)))
        if not numbers:
            break
        removed += len(numbers)
        work.progress(removed, max(removed, total))
    with work.unit() as session:
        for table in (_view, _habit, _field):
            session.execute(delete(table).where(table.c.resource == resource))
        session.execute(delete(_object).where(_object.c.id == number, _object.c.deleted_at.is_not(None)))
        enqueue(session, INDEX, {}, actor=work.actor(session), label=resource, key="index")
    return {"records": removed}


@job(REMOVE, title=_l("Remove the values of a deleted field"), lane="bulk")
def remove_field(work: Work) -> dict[str, Any]:
    """Take the values of a deleted field out of all records, then forget the field; may be done again."""
    number, name = work.arguments["field"], work.arguments["name"]
    last, done, removed = 0, 0, 0
    keys = [name, order_key(name)]
    with work.unit() as session:
        resource = resource_seen(session, work.arguments["resource"])
        if resource is None:
            raise NoSuchField
        table = resource.table
        total = session.scalar(select(func.count()).select_from(table)) or 0
    while True:
        with work.unit() as session:
            batch = (
                select(table.c.id)
                .where(table.c.id > last, *resource.its_own(table))
                .order_by(table.c.id)
                .limit(BATCH)
            )
            numbers = session.scalars(batch).all()
            holding = (table.c.id.in_(numbers), func.jsonb_exists(table.c.custom, name))
            without = table.c.custom.op("-")(literal(keys, stored.TYPES[Kind.TAGS]))
            if numbers:
                change = update(table).where(*holding).values(custom=without)
                removed += len(session.execute(change.returning(table.c.id)).all())
        if not numbers:
            break
        done, last = done + len(numbers), numbers[-1]
        work.progress(done, max(done, total), str(resource.title_plural))
    with work.unit() as session:
        session.execute(delete(_field).where(_field.c.id == number, _field.c.deleted_at.is_not(None)))
        enqueue(session, INDEX, {}, actor=work.actor(session), label=name, key="index")
    return {"records": removed}
