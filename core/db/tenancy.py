"""Tenants, and the one place where a database transaction is bound to one of them.

A tenant is a schema and a role. Binding sets both for the present transaction only, so rollback
and commit undo it by themselves and a pooled connection carries nothing over, also behind a
transaction pooler. An unbound session raises; the login alone can read no tenant.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final

import orjson
from sqlalchemy import Connection
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session, SessionTransaction

from core.db.messages import send_later
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
    #: active, suspended, failed (an upgrade did not go through) or restoring.
    state: str
    addons: frozenset[str]
    #: Raised by every switch of an addon and every change of customisation.
    version: int
    #: Came out of an archive: people work with it, but nothing leaves it until the operator releases it.
    held: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """What a request wants to know first of its tenant; sent along with the binding, so it costs no wait."""

    columns: str
    #: Gives exactly one row, also where nothing is found; knows the parameters in ``values``.
    source: str
    values: Mapping[str, Any] = field(repr=False)

    @property
    def statement(self) -> str:
        """The question by itself, for a transaction that is bound already."""
        return f"select {self.columns} from {self.source}"  # noqa: S608 - both are texts of our own


@dataclass(frozen=True, slots=True)
class ByHost:
    """Bind to whichever tenant is served at a host; found and bound in one statement."""

    host: str
    #: The slug, when the host lies below the deployment's base domain.
    slug: str | None = None
    #: Asked in the same message; `core.db.session.answer` has the answer.
    question: Question | None = None


class Platform:
    """Bind to the control tables, as the login itself."""


#: What a session can be bound to.
Binding = Tenant | ByHost | Platform

_NAMES = tuple(field.name for field in fields(Tenant))
_PATIENCE = "set_config('statement_timeout', %(most)s, true)"
_SETTINGS = f"set_config('timezone', 'UTC', true), {_PATIENCE}"
_BIND = f"select set_config('role', %(role)s, true), set_config('search_path', %(path)s, true), {_SETTINGS}"
_BIND_PLATFORM = f"select set_config('search_path', 'platform', true), {_SETTINGS}"
#: Finds the tenant and, where it is active, binds to it; leaves its row in a setting of the
#: transaction, because of several statements in a message only the last one's rows come back.
_ENTER = f"select platform.enter(%(host)s, %(slug)s) as tenant, {_PATIENCE}"
_KEPT = "current_setting('guanxi.tenant', true)"


def read_tenant(row: Mapping[Any, Any]) -> Tenant:
    """Make a `Tenant` of a row of ``platform.tenant``."""
    values = {name: row[name] for name in _NAMES}
    return Tenant(**{**values, "addons": frozenset(values["addons"])})


def host_binding(host: str, base_domain: str, question: Question | None = None) -> ByHost:
    """What to bind to for the Host header ``host`` (a port is ignored)."""
    name = host.partition(":")[0].lower().rstrip(".")
    below = name.removesuffix("." + base_domain)
    return ByHost(name, below if below != name else None, question)


def bind(session: Session, transaction: SessionTransaction, connection: Connection) -> None:
    """Bind a transaction that has just begun; SQLAlchemy calls it for every one.

    Raises:
        UnboundSession: the session was opened without a binding.
        UnknownHost: no tenant lives at the host.
        TenantClosed: the tenant may not be used now.
    """
    if transaction.nested:
        return
    session.info.pop("answer", None)
    binding = session.info.get("binding")
    if isinstance(binding, ByHost):
        most = _patience(session)
        binding = session.info["binding"] = _ask_and_bind(
            session, connection, binding, most
        ) or _find_and_bind(connection, binding, most)
    elif isinstance(binding, Tenant):
        path = connection.dialect.identifier_preparer.quote_identifier(binding.schema)
        send_later(connection, _BIND, {"role": binding.role, "path": path, "most": _patience(session)})
    elif isinstance(binding, Platform):
        connection.exec_driver_sql(_BIND_PLATFORM, {"most": _patience(session)})
        return
    else:
        raise UnboundSession("this session is bound to no tenant; open it with Database.session()")
    connection.info.setdefault("tenants", set()).add(binding.id)


def _patience(session: Session) -> str:
    """How long a statement may take, as a setting of the transaction."""
    return f"{session.info['database'].patience}s"


def _find_and_bind(connection: Connection, binding: ByHost, most: str) -> Tenant:
    given = {"host": binding.host, "slug": binding.slug, "most": most}
    found = connection.exec_driver_sql(_ENTER, given).scalar_one()
    if found is None:
        raise UnknownHost(host=binding.host)
    tenant = read_tenant(orjson.loads(found))
    if tenant.state != "active":
        raise TenantClosed
    return tenant


def _ask_and_bind(session: Session, connection: Connection, binding: ByHost, most: str) -> Tenant | None:
    """Find, bind and ask in one message; None when that cannot be, and nothing is bound then.

    PostgreSQL reads the statements of a message one after the other: names and rights of the
    question are looked up when role and path are those of the tenant. Where no tenant is found they
    stay those of the login, which has nothing by any of our names.
    """
    question = binding.question
    if question is None:
        return None
    message = f"{_ENTER}; select {_KEPT} as tenant, {question.columns} from {question.source}"  # noqa: S608
    given = {"host": binding.host, "slug": binding.slug, "most": most, **question.values}
    try:
        row = connection.exec_driver_sql(message, given).mappings().one()
    except ProgrammingError:
        row = None
    tenant = read_tenant(orjson.loads(row["tenant"])) if row is not None and row["tenant"] else None
    if row is None or tenant is None or tenant.state != "active":
        connection.connection.rollback()
        return None
    session.info["answer"] = question, row
    return tenant
