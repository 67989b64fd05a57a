"""Work of the owner: the control schema, tenants' schemas and roles, and their migrations.

Everything here needs the owner's login, which creates schemas and roles; the web process has no
such connection. Every function runs in the transaction of the connection it is given.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Sequence
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import Connection, insert, select, text, update

from core.db import platform
from core.db.migrate import PLATFORM, History, migrate, use_schema
from core.db.queue import admit, forget_tenant, prepare_queue
from core.db.tenancy import SLUG, Tenant, read_tenant
from core.errors import Conflict, Invalid, NotFound
from core.i18n import Lazy, _l

COUNTRY: Final = re.compile(r"[A-Z]{2}")
#: A host's name without a port, lower case.
HOST: Final = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")


_OWNS: Final = """
    select (select pg_has_role(current_user, nspowner, 'USAGE') from pg_namespace where nspname = 'public'),
           (select pg_has_role(current_user, datdba, 'USAGE') from pg_database
            where datname = current_database())
"""
_VERSION_TABLES: Final = """
    select quote_ident(tablename) from pg_tables where schemaname = :schema and tablename like 'mig\\_%'
"""


class NoSuchTenant(NotFound):
    """No tenant has this slug."""

    code = "no-such-tenant"
    message = _l("There is no tenant “%(slug)s”.")


class TenantExists(Conflict):
    """The slug is taken."""

    code = "tenant-exists"
    message = _l("There is a tenant “%(slug)s” already.")


class HostTaken(Conflict):
    """Another tenant is served at this host."""

    code = "host-taken"
    message = _l("The host “%(host)s” belongs to another tenant.")


class DefaultTaken(Conflict):
    """There can be one default tenant only."""

    code = "default-taken"
    message = _l("The tenant “%(slug)s” is the default already.")


def _quote(connection: Connection, name: str) -> str:
    return connection.dialect.identifier_preparer.quote_identifier(name)


def lock(connection: Connection, name: str) -> None:
    """Let one at a time work on what ``name`` stands for, until the transaction ends."""
    connection.execute(
        text("select pg_advisory_xact_lock(hashtext('guanxi'), hashtext(:name))"), {"name": name}
    )


def prepare(connection: Connection, app_login: str) -> None:
    """Create or migrate the control schema and the queue, and let the application's login use them.

    Repeatable.
    """
    lock(connection, "platform")
    connection.execute(text("create schema if not exists platform"))
    use_schema(connection, "platform")
    migrate(connection, "platform", [PLATFORM])
    if connection.scalar(select(platform.installation.c.id)) is None:
        connection.execute(insert(platform.installation).values(id=secrets.token_hex(4)))
    _close_to_public(connection)
    login = _quote(connection, app_login)
    for statement in (
        f"grant usage on schema platform to {login}",
        f"grant select on platform.tenant, platform.tenant_host, platform.administrator to {login}",
        f"grant select on platform.mig_platform to {login}",
        f"grant execute on function platform.enter(text, text) to {login}",
        f"grant execute on function platform.switch_off(bigint, text, text[]) to {login}",
        f"grant execute on function platform.switch_off(bigint, text, text[], bigint) to {login}",
        f"grant select on platform.addon_switch to {login}",
        f"grant select, insert, update, delete on platform.administrator_session to {login}",
        f"grant select, insert, update, delete on platform.sign_in_failure to {login}",
        f"grant select, insert, update, delete on platform.listener to {login}",
        f"grant select, insert, update on platform.hook_tally to {login}",
    ):
        connection.execute(text(statement))
    prepare_queue(connection, app_login)


def find_tenant(connection: Connection, slug: str, *, hold: bool = False) -> Tenant:
    """The tenant called ``slug``.

    Args:
        connection: of the owner.
        slug: the tenant's.
        hold: keep others from changing its row until the transaction ends, for whoever will.

    Raises:
        NoSuchTenant: there is none.
    """
    statement = select(platform.tenant).where(platform.tenant.c.slug == slug)
    row = connection.execute(statement.with_for_update() if hold else statement).mappings().first()
    if row is None:
        raise NoSuchTenant(slug=slug)
    return read_tenant(row)


def _close_to_public(connection: Connection) -> None:
    """Take from everybody what PostgreSQL gives to all: the schema ``public``, and temporary tables.

    A temporary table left in a pooled connection would shadow a table of the next tenant.
    """
    database = _quote(connection, str(connection.scalar(text("select current_database()"))))
    owns_schema, owns_database = connection.execute(text(_OWNS)).one()
    if owns_schema:
        connection.execute(text("revoke all on schema public from public"))
    if owns_database:
        connection.execute(text(f"revoke temporary on database {database} from public"))


def all_tenants(connection: Connection) -> list[Tenant]:
    """Every tenant, by slug."""
    rows = connection.execute(select(platform.tenant).order_by(platform.tenant.c.slug)).mappings()
    return [read_tenant(row) for row in rows]


def create_tenant(
    connection: Connection,
    app_login: str,
    slug: str,
    *,
    name: str,
    histories: Callable[[frozenset[str]], Sequence[History]],
    language: str = "zh",
    timezone: str = "Asia/Shanghai",
    country: str = "CN",
    hosts: Sequence[str] = (),
    addons: frozenset[str] = frozenset(),
    is_default: bool = False,
) -> Tenant:
    """Create a tenant: its row, its role, its schema and its tables.

    Args:
        connection: of the owner.
        app_login: the login that will work as the tenant's role.
        slug: names the host below the base domain and the schema.
        name: as people call the company.
        histories: gives the migration histories for a set of addons, in order.
        language: of readers without one of their own.
        timezone: IANA name of the tenant's calendar.
        country: ISO 3166, of telephone numbers without one.
        hosts: further hosts it is served at.
        addons: what is on from the beginning.
        is_default: whether it answers at hosts nobody else has.

    Raises:
        Invalid: the slug, the name, the time zone, the country or a host has not the form of one.
        TenantExists: the slug is taken.
        HostTaken: a host is taken.
        DefaultTaken: another tenant is the default.
    """
    hosts = list(dict.fromkeys(host.strip().rstrip(".").lower() for host in hosts))
    _check(slug, name, timezone, country, hosts)
    lock(connection, "platform")
    table = platform.tenant
    if connection.scalar(select(table.c.id).where(table.c.slug == slug)) is not None:
        raise TenantExists(slug=slug)
    _check_free(connection, hosts, is_default=is_default)
    installation = connection.scalar(select(platform.installation.c.id))
    number = connection.scalar(text("select nextval(pg_get_serial_sequence('platform.tenant', 'id'))"))
    values: dict[str, Any] = {
        "id": number,
        "slug": slug,
        "name": name,
        "schema": f"t_{slug}",
        "role": f"gx_{installation}_{number}",
        "language": language,
        "timezone": timezone,
        "country": country,
        "addons": sorted(addons),
        "is_default": is_default,
    }
    connection.execute(insert(table).values(values))
    for host in hosts:
        connection.execute(insert(platform.tenant_host).values(host=host, tenant_id=number))
    schema, role, login = (_quote(connection, each) for each in (values["schema"], values["role"], app_login))
    connection.execute(text(f"create role {role} nologin"))
    connection.execute(text(f"grant {role} to {login}"))
    connection.execute(text(f"create schema {schema}"))
    tenant = find_tenant(connection, slug)
    upgrade_tenant(connection, tenant, histories(addons))
    return tenant


def _check(slug: str, name: str, timezone: str, country: str, hosts: Sequence[str]) -> None:
    """See that the values of a new tenant have their form."""
    errors: dict[str, list[Lazy]] = {}
    if not SLUG.fullmatch(slug):
        errors["slug"] = [_l("Use a letter, then letters, digits and hyphens, 2 to 41 in all, lower case.")]
    if not 0 < len(name.strip()) <= 200:
        errors["name"] = [_l("Use 1 to 200 characters.")]
    if not _is_timezone(timezone):
        errors["timezone"] = [_l("There is no time zone “%(name)s”.", name=timezone)]
    if not COUNTRY.fullmatch(country):
        errors["country"] = [_l("Use the two capital letters of ISO 3166, like CN.")]
    bad = [host for host in hosts if not HOST.fullmatch(host)]
    if bad:
        errors["host"] = [_l("“%(host)s” is not the name of a host.", host=bad[0])]
    if errors:
        raise Invalid(errors)


def _is_timezone(name: str) -> bool:
    try:
        return bool(ZoneInfo(name).key)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False


def _check_free(connection: Connection, hosts: Sequence[str], *, is_default: bool) -> None:
    """See that what only one tenant can have is nobody's."""
    taken = connection.scalar(
        select(platform.tenant_host.c.host).where(platform.tenant_host.c.host.in_(hosts))
    )
    if taken is not None:
        raise HostTaken(host=taken)
    default = connection.scalar(select(platform.tenant.c.slug).where(platform.tenant.c.is_default))
    if is_default and default is not None:
        raise DefaultTaken(slug=default)


def upgrade_tenant(
    connection: Connection,
    tenant: Tenant,
    histories: Sequence[History],
    *,
    tell: Callable[[str], None] | None = None,
) -> None:
    """Bring one tenant's tables to the newest revisions and let its role use them, and nothing else.

    Args:
        connection: of the owner.
        tenant: whose tables.
        histories: in the order of their needs.
        tell: is told the name of a history after each of its revisions; what it raises undoes all.
    """
    lock(connection, tenant.schema)
    use_schema(connection, tenant.schema)
    migrate(connection, tenant.schema, histories, tell=tell)
    schema, role = _quote(connection, tenant.schema), _quote(connection, tenant.role)
    versions = connection.scalars(text(_VERSION_TABLES), {"schema": tenant.schema}).all()
    statements = [
        f"grant usage on schema {schema} to {role}",
        f"grant select, insert, update, delete on all tables in schema {schema} to {role}",
        f"grant usage on all sequences in schema {schema} to {role}",
        *(f"revoke insert, update, delete on {schema}.{table} from {role}" for table in versions),
    ]
    for statement in statements:
        connection.execute(text(statement))
    admit(connection, tenant.role)
    use_schema(connection, "platform")


def set_addons(connection: Connection, tenant: Tenant, addons: frozenset[str]) -> None:
    """Say what is on for a tenant; every process sees it with its next request."""
    table = platform.tenant
    connection.execute(
        update(table)
        .where(table.c.id == tenant.id)
        .values(addons=sorted(addons), version=table.c.version + 1)
    )


def switch_off(
    connection: Connection, tenant: Tenant, addon: str, needing: Sequence[str], *, actor_id: int | None = None
) -> list[str] | None:
    """Switch an addon off unless one of ``needing`` is on; every process sees it with its next request.

    The application's login may do this too (bound to the control tables), since it makes and drops nothing.
    Who did it is written down with it.

    Returns:
        Those of ``needing`` that are on, so that nothing was done; None where the addon is not on.
    """
    function = text(
        "select platform.switch_off(:tenant, :addon, cast(:needing as text[]), cast(:actor as bigint))"
    )
    given = {"tenant": tenant.id, "addon": addon, "needing": list(needing), "actor": actor_id}
    on: list[str] | None = connection.scalar(function, given)
    return on


def set_state(connection: Connection, tenant: Tenant, state: str, failure: str | None = None) -> None:
    """Make a tenant active, suspended or failed."""
    table = platform.tenant
    connection.execute(update(table).where(table.c.id == tenant.id).values(state=state, failure=failure))


def set_held(connection: Connection, tenant: Tenant, held: bool) -> None:
    """Keep everything in that a tenant would send or run by itself, or no longer."""
    table = platform.tenant
    connection.execute(
        update(table).where(table.c.id == tenant.id).values(held=held, version=table.c.version + 1)
    )


def delete_tenant(connection: Connection, tenant: Tenant) -> None:
    """Delete a tenant with all it holds in the database, and what it was before it was restored."""
    role = _quote(connection, tenant.role)
    former = platform.former_schema
    kept = connection.scalars(select(former.c.schema).where(former.c.tenant_id == tenant.id)).all()
    for schema in (tenant.schema, *kept):
        connection.execute(text(f"drop schema {_quote(connection, schema)} cascade"))
    connection.execute(text(f"drop owned by {role}"))
    connection.execute(text(f"drop role {role}"))
    forget_tenant(connection, tenant.id)
    connection.execute(platform.tenant.delete().where(platform.tenant.c.id == tenant.id))
