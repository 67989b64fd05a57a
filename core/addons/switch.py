"""The gate: what a tenant has on. Every dispatcher asks here, each time."""

from __future__ import annotations

from typing import Final

from sqlalchemy import ColumnElement, func

from core.db.tenancy import Tenant
from core.errors import NotFound

#: What stands for an addon in the names of what a tenant's own administrators have made up.
MADE_UP: Final = "custom"


def is_on(tenant: Tenant, addon: str) -> bool:
    """Whether ``addon`` is on for ``tenant``; the core always is, and what the tenant has made up itself."""
    return addon in ("core", MADE_UP) or addon in tenant.addons


def is_name_on(tenant: Tenant, name: str) -> bool:
    """Whether what bears a name such as ``customer.customer`` is of an addon that is on."""
    return is_on(tenant, name.partition(".")[0])


def kept_on(tenant: Tenant, name: ColumnElement[str]) -> ColumnElement[bool]:
    """The condition that a row is of an addon that is on.

    Args:
        tenant: as it is now.
        name: what the row is of: the name of an addon, or of a resource.
    """
    return func.split_part(name, ".", 1).in_(("core", MADE_UP, *sorted(tenant.addons)))


def require(tenant: Tenant, addon: str) -> None:
    """Let only what is on pass.

    Raises:
        NotFound: it is off, which from outside looks as if it did not exist.
    """
    if not is_on(tenant, addon):
        raise NotFound
