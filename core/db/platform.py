"""The control tables in schema ``platform``: tenants, their hosts, and platform administrators."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from core.db.base import metadata as tenant_metadata

metadata = MetaData(schema="platform", naming_convention=tenant_metadata.naming_convention)

#: One row: the number drawn at init that names this installation's roles within the cluster.
installation = Table("installation", metadata, Column("id", String(8), primary_key=True))

tenant = Table(
    "tenant",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("slug", String(41), nullable=False, unique=True),
    Column("name", String(200), nullable=False),
    Column("schema", String(63), nullable=False, unique=True),
    Column("role", String(63), nullable=False, unique=True),
    Column("language", String(2), nullable=False, server_default="zh"),
    Column("timezone", String(60), nullable=False, server_default="Asia/Shanghai"),
    Column("country", String(2), nullable=False, server_default="CN"),
    Column("is_default", Boolean, nullable=False, server_default=text("false")),
    Column("state", String(20), nullable=False, server_default="active"),
    #: Why the last upgrade failed; empty when it did not.
    Column("failure", Text),
    Column("addons", ARRAY(String(60)), nullable=False, server_default="{}"),
    Column("version", BigInteger, nullable=False, server_default="1"),
    #: Came out of an archive: sends nothing and runs nothing by itself until it is released.
    Column("held", Boolean, nullable=False, server_default=text("false")),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Index("uq_tenant_is_default", "is_default", unique=True, postgresql_where=text("is_default")),
)

tenant_host = Table(
    "tenant_host",
    metadata,
    Column("host", String(253), primary_key=True),
    Column("tenant_id", BigInteger, ForeignKey(tenant.c.id, ondelete="CASCADE"), nullable=False, index=True),
)

#: What a tenant's tables were before it was restored in place; kept until the operator drops it.
former_schema = Table(
    "former_schema",
    metadata,
    Column("schema", String(63), primary_key=True),
    Column("tenant_id", BigInteger, ForeignKey(tenant.c.id, ondelete="CASCADE"), nullable=False, index=True),
    #: Of the tenant's row, what belongs to these tables: addons, name, language ...
    Column("facts", JSONB, nullable=False),
    Column("replaced_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)

administrator = Table(
    "administrator",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("email", String(254), nullable=False, unique=True),
    Column("password_hash", String(200), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)

administrator_session = Table(
    "administrator_session",
    metadata,
    #: SHA-256 of the token in the cookie.
    Column("token_hash", String(64), primary_key=True),
    Column(
        "administrator_id", BigInteger, ForeignKey(administrator.c.id, ondelete="CASCADE"), nullable=False
    ),
    Column("expires_at", DateTime(timezone=True), nullable=False),
)

#: Failed sign-ins of administrators lately, for throttling.
sign_in_failure = Table(
    "sign_in_failure",
    metadata,
    #: "account:<email>" or "address:<ip>".
    Column("subject", String(300), primary_key=True),
    Column("failures", Integer, nullable=False, server_default="0"),
    #: When the count starts again.
    Column("until", DateTime(timezone=True), nullable=False),
)

#: Web processes that hold streams of browsers open; changes are announced only while there is one.
listener = Table(
    "listener",
    metadata,
    #: Drawn by the process.
    Column("id", String(32), primary_key=True),
    #: Whose browsers are connected.
    Column("tenants", ARRAY(BigInteger), nullable=False),
    #: Counts no longer after this, should the process die.
    Column("until", DateTime(timezone=True), nullable=False),
)

#: How each addon's implementation of each hook fares, over all processes.
hook_tally = Table(
    "hook_tally",
    metadata,
    Column("addon", String(60), primary_key=True),
    Column("hook", String(120), primary_key=True),
    Column("calls", BigInteger, nullable=False, server_default="0"),
    #: What the calls took together, and the longest of them.
    Column("seconds", Double, nullable=False, server_default="0"),
    Column("longest_seconds", Double, nullable=False, server_default="0"),
    Column("slow_calls", BigInteger, nullable=False, server_default="0"),
    Column("failures", BigInteger, nullable=False, server_default="0"),
    #: Of the last failure: the class, the words of the program in it, the line of the addon, the time.
    Column("error", String(120)),
    Column("sentence", String(300)),
    Column("place", String(120)),
    Column("failed_at", DateTime(timezone=True)),
    #: When the last slow calls ended, the newest first; those that count for muting.
    Column("slow_at", ARRAY(DateTime(timezone=True)), nullable=False, server_default="{}"),
    #: Since when it is passed over; empty while it is called.
    Column("muted_at", DateTime(timezone=True)),
    #: Who let it be called again, and when.
    Column("unmuted_by", String(254)),
    Column("unmuted_at", DateTime(timezone=True)),
    Column("since", DateTime(timezone=True), nullable=False, server_default=func.now()),
)

#: Who switched which addon on or off for whom, removed its data, or put it back.
addon_switch = Table(
    "addon_switch",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("tenant_id", BigInteger, ForeignKey(tenant.c.id, ondelete="CASCADE"), nullable=False),
    Column("addon", String(60), nullable=False),
    #: on, off, purged or restored.
    Column("deed", String(20), nullable=False),
    #: A user of the tenant; empty: the operator.
    Column("actor_id", BigInteger),
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    #: Of what was purged: the file in the tenant's folder of archives, its bytes, and how long it is kept.
    Column("archive", String(200)),
    Column("size", BigInteger),
    Column("kept_until", DateTime(timezone=True)),
    Index(None, "tenant_id", "addon", "id"),
)
