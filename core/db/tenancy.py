"""Tenants, and the one place where a database transaction is bound to one of them.

A tenant is a schema and a role. Binding sets both for the present transaction only, so rollback
and commit undo it by themselves and a pooled connection carries nothing over, also behind a
transaction pooler. An unbound session raises; the login alone can read no tenant.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection
from sqlalchemy.orm import Session, SessionTransaction

from core.errors import NotFound, Unavailable
from core.i18n import _l

#: What a slug may be; it also names the host and the schema.
SLUG: Final = re.compile(r"[a-z][a-z0-9-]{1,40}")


class UnboundSession(RuntimeError):
    """A session was used without saying for whom: a mistake in the program, never of a user."""


class UnknownHost(NotFound):
    """No tenant is served at this address."""

    code = "unknown-host"
    message = _l(
        "There is no company at the address “%(host)s”. Check the address or ask your administrator."
    )


class TenantClosed(Unavailable):
    """The tenant exists but is suspended, being restored, or its upgrade has failed."""

    code, retry_after = "tenant-closed", 120
    message = _l(
        "This company's workspace is closed for maintenance. Nothing is lost; please try again later."
    )


@dataclass(frozen=True, slots=True)
class Tenant:
    """One row of ``platform.tenant``, as a request sees it."""

    id: int
    slug: str
    name: str
    schema: str
    role: str
    #: Language code "zh" or "en" for readers without one of their own.
    language: str
    #: IANA name; calendar days and reports follow it.
    timezone: str
    #: ISO 3166 code that telephone numbers without one belong to.
    country: str
    #: active, suspended or failed (an upgrade did not go through).
    state: str
    addons: frozenset[str]
    #: Raised by every switch of an addon and every change of customisation.
    version: int


@dataclass(frozen=True, slots=True)
class ByHost:
    """Bind to whichever tenant is served at a host; found and bound in one statement."""

    host: str
    #: The slug, when the host lies below the deployment's base domain.
    slug: str | None = None


class Platform:
    """Bind to the control tables, as the login itself."""


#: What a session can be bound to.
Binding = Tenant | ByHost | Platform

_COLUMNS = "id, slug, name, schema, role, language, timezone, country, state, addons, version"
_UTC = "set_config('timezone', 'UTC', true)"
_BIND = f"select set_config('role', %(role)s, true), set_config('search_path', %(path)s, true), {_UTC}"
_BIND_PLATFORM = f"select set_config('search_path', 'platform', true), {_UTC}"
_FIND_AND_BIND = f"""
    select {_COLUMNS},
        set_config('role', role, true), set_config('search_path', quote_ident(schema), true), {_UTC}
    from platform.tenant
    where id = coalesce(
        (select id from platform.tenant where slug = %(slug)s),
        (select tenant_id from platform.tenant_host where host = %(host)s),
        case when %(slug)s is null then (select id from platform.tenant where is_default) end
    )
"""  # noqa: S608 - the column names are our own


def read_tenant(row: Mapping[Any, Any]) -> Tenant:
    """Make a `Tenant` of a row of ``platform.tenant``."""
    values = {name: row[name] for name in _COLUMNS.split(", ")}
    return Tenant(**{**values, "addons": frozenset(values["addons"])})


def host_binding(host: str, base_domain: str) -> ByHost:
    """What to bind to for the Host header ``host`` (a port is ignored)."""
    name = host.partition(":")[0].lower().rstrip(".")
    below = name.removesuffix("." + base_domain)
    return ByHost(name, below if below != name else None)


def bind(session: Session, transaction: SessionTransaction, connection: Connection) -> None:
    """Bind a transaction that has just begun; SQLAlchemy calls it for every one.

    Raises:
        UnboundSession: the session was opened without a binding.
        UnknownHost: no tenant lives at the host.
        TenantClosed: the tenant may not be used now.
    """
    if transaction.nested:
        return
    binding = session.info.get("binding")
    if isinstance(binding, ByHost):
        row = (
            connection.exec_driver_sql(_FIND_AND_BIND, {"host": binding.host, "slug": binding.slug})
            .mappings()
            .first()
        )
        if row is None:
            raise UnknownHost(host=binding.host)
        binding = read_tenant(row)
        if binding.state != "active":
            raise TenantClosed
        session.info["binding"] = binding
    elif isinstance(binding, Tenant):
        path = connection.dialect.identifier_preparer.quote_identifier(binding.schema)
        connection.exec_driver_sql(_BIND, {"role": binding.role, "path": path})
    elif isinstance(binding, Platform):
        connection.exec_driver_sql(_BIND_PLATFORM)
        return
    else:
        raise UnboundSession("this session is bound to no tenant; open it with Database.session()")
    connection.info.setdefault("tenants", set()).add(binding.id)
