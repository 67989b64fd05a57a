"""Schemas of a tenant that another has taken the place of: kept, returned to, dropped.

Where a tenant's tables lie stands in its row, which every transaction reads first; so to put another
schema in its place is one change of one row, and what was there before stays as it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, select, text, update

from core.db import platform
from core.db.queue import forget_tenant
from core.db.tenancy import Tenant
from core.errors import NotFound
from core.i18n import _l

#: What belongs to the tables as much as to the tenant, and goes back with them.
FACTS: Final = ("addons", "name", "language", "timezone", "country", "held")

_former = platform.former_schema


class NothingFormer(NotFound):
    """The tenant was not restored in place, or what was there before has been dropped."""

    code = "nothing-former"
    message = _l("Nothing is kept of what “%(slug)s” was before.")


@dataclass(frozen=True, slots=True)
class Former:
    """A schema that has been replaced."""

    schema: str
    replaced_at: datetime
    facts: Mapping[str, Any]


def schema_beside(tenant: Tenant) -> str:
    """A name of 63 letters at most for a schema that is to take the place of the tenant's."""
    return f"t_{tenant.slug}_{datetime.now(UTC):%y%m%d%H%M%S%f}"


def former_schemas(connection: Connection, tenant: Tenant) -> list[Former]:
    """What is kept of a tenant, the latest first."""
    statement = select(_former).where(_former.c.tenant_id == tenant.id)
    rows = connection.execute(statement.order_by(_former.c.replaced_at.desc(), _former.c.schema.desc()))
    return [Former(row.schema, row.replaced_at, row.facts) for row in rows]


def put_in_place(connection: Connection, tenant: Tenant, schema: str, facts: Mapping[str, Any]) -> Tenant:
    """Let ``schema`` be where a tenant's tables are, from everybody's next transaction on.

    What is in the queue is about the jobs of the schema that goes, and is taken out. Whoever is still at
    work in that one is refused from now on: what he would write there is lost.

    Args:
        connection: of the owner; the caller commits.
        tenant: as it is, with the schema that goes.
        schema: full and granted to the tenant's role.
        facts: the `FACTS` that belong to it.

    Returns:
        The tenant as it is then.
    """
    before = {name: getattr(tenant, name) for name in FACTS}
    kept = {**before, "addons": sorted(tenant.addons)}
    connection.execute(insert(_former).values(schema=tenant.schema, tenant_id=tenant.id, facts=kept))
    connection.execute(delete(_former).where(_former.c.schema == schema))
    table = platform.tenant
    given = {**{name: facts[name] for name in FACTS}, "addons": sorted(facts["addons"])}
    connection.execute(
        update(table)
        .where(table.c.id == tenant.id)
        .values(schema=schema, version=table.c.version + 1, failure=None, **given)
    )
    gone, came, role = (_quote(connection, name) for name in (tenant.schema, schema, tenant.role))
    connection.execute(text(f"revoke usage on schema {gone} from {role}"))
    connection.execute(text(f"grant usage on schema {came} to {role}"))
    forget_tenant(connection, tenant.id)
    return replace(tenant, schema=schema, **{**given, "addons": frozenset(given["addons"])})


def return_to_former(connection: Connection, tenant: Tenant) -> Tenant:
    """Put the schema that was replaced last back in its place; the present one is kept in its stead.

    Raises:
        NothingFormer: there is none.
    """
    kept = former_schemas(connection, tenant)
    if not kept:
        raise NothingFormer(slug=tenant.slug)
    return put_in_place(connection, tenant, kept[0].schema, kept[0].facts)


def drop_former(
    connection: Connection, tenant: Tenant, *, older_than: timedelta = timedelta()
) -> Sequence[str]:
    """Drop what is kept of a tenant since longer than a time; gives the schemas."""
    limit = datetime.now(UTC) - older_than
    gone = [each.schema for each in former_schemas(connection, tenant) if each.replaced_at <= limit]
    for schema in gone:
        connection.execute(text(f"drop schema {_quote(connection, schema)} cascade"))
    connection.execute(delete(_former).where(_former.c.schema.in_(gone)))
    return gone


def _quote(connection: Connection, name: str) -> str:
    return connection.dialect.identifier_preparer.quote_identifier(name)
