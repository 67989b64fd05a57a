"""The gate: what a tenant has on. Every dispatcher asks here, each time."""

from __future__ import annotations

from core.db.tenancy import Tenant
from core.errors import NotFound


def is_on(tenant: Tenant, addon: str) -> bool:
    """Whether ``addon`` is on for ``tenant``; the core always is."""
    return addon == "core" or addon in tenant.addons


def require(tenant: Tenant, addon: str) -> None:
    """Let only what is on pass.

    Raises:
        NotFound: it is off, which from outside looks as if it did not exist.
    """
    if not is_on(tenant, addon):
        raise NotFound
