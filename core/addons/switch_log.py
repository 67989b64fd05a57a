"""Who switched an addon on or off for a tenant, removed its data, or put it back; and what is kept of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import Connection, func, insert, select
from sqlalchemy.dialects.postgresql import distinct_on

from core.db.platform import addon_switch
from core.db.tenancy import Tenant

Kind = Literal["on", "off", "purged", "restored"]


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing that was done with an addon."""

    id: int
    addon: str
    deed: Kind
    #: A user of the tenant; None for the operator.
    actor_id: int | None
    at: datetime
    #: What was removed lies in this file, of so many bytes, until then.
    archive: str | None
    size: int | None
    kept_until: datetime | None


_COLUMNS: Final = tuple(addon_switch.c[each.name] for each in fields(Deed))


def write_down(
    connection: Connection, tenant: Tenant, addon: str, deed: Kind, *, actor_id: int | None, **archive: Any
) -> None:
    """Add a deed; what is switched off writes itself down (`core.db.provision.switch_off`).

    Args:
        connection: of the owner; the caller commits.
        tenant: whose addon.
        addon: its name.
        deed: what was done.
        actor_id: by which user; None for the operator.
        archive: ``archive``, ``size`` and ``kept_until`` of the file that was made before.
    """
    values = {"tenant_id": tenant.id, "addon": addon, "deed": deed, "actor_id": actor_id, **archive}
    connection.execute(insert(addon_switch).values(values))


def last_deeds(connection: Connection, tenant: Tenant) -> dict[str, Deed]:
    """What was done last with each addon: ``{name: deed}``.

    Args:
        connection: of the owner, or bound to the control tables.
        tenant: whose addons.
    """
    rows = connection.execute(
        select(*_COLUMNS)
        .ext(distinct_on(addon_switch.c.addon))
        .where(addon_switch.c.tenant_id == tenant.id)
        .order_by(addon_switch.c.addon, addon_switch.c.id.desc())
    )
    return {row.addon: Deed(**row._mapping) for row in rows}


def archives_of(connection: Connection, tenant: Tenant, addon: str | None = None) -> Sequence[Deed]:
    """The removals whose archive is still kept, the newest first; of all addons, or of one."""
    statement = select(*_COLUMNS).where(
        addon_switch.c.tenant_id == tenant.id,
        addon_switch.c.deed == "purged",
        addon_switch.c.kept_until > func.now(),
    )
    if addon is not None:
        statement = statement.where(addon_switch.c.addon == addon)
    rows = connection.execute(statement.order_by(addon_switch.c.id.desc()))
    return [Deed(**row._mapping) for row in rows]
