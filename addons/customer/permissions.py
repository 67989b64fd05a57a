"""What the ready roles may do here; the administrator may do everything."""

from __future__ import annotations

from typing import Final

from core.access.permissions import Grant, Scope, grant

_RESOURCES: Final = ("customer.customer", "customer.contact", "customer.lead", "customer.activity")
_LEAD: Final = "customer.lead"
_STANDARD: Final = "customer.standard"


def _on_all(verbs: str, scope: Scope = Scope.ALL) -> list[Grant]:
    return [grant(resource, verbs, scope) for resource in _RESOURCES]


GRANTS: Final = {
    "account_manager": [
        *_on_all("read create update import export", Scope.OWN),
        grant(_LEAD, "convert", Scope.OWN),
        grant(_STANDARD, "read"),
    ],
    "sales_supervisor": [
        *_on_all("read create update delete import export share", Scope.UNIT_BELOW),
        grant(_LEAD, "convert", Scope.UNIT_BELOW),
        grant(_STANDARD, "read create update export"),
    ],
    "executive": [
        *_on_all("read export"),
        grant("customer.activity", "create update", Scope.OWN),
        grant(_STANDARD, "read"),
    ],
    "analyst": [*_on_all("read export"), grant(_STANDARD, "read export")],
    "customer_service": [
        *_on_all("read"),
        *_on_all("create update", Scope.OWN),
        grant(_STANDARD, "read"),
    ],
    # Marketing brings leads in; who sells takes them from there.
    "marketer": [*_on_all("read"), grant(_LEAD, "create update import", Scope.OWN), grant(_STANDARD, "read")],
    "service_engineer": _on_all("read", Scope.OWN),
    "maintainer": [],
}
