"""What the ready roles may do with customers, contacts and activities (the administrator: everything)."""

from __future__ import annotations

from typing import Final

from core.access.permissions import Grant, Scope, grant

_RESOURCES: Final = ("customer.customer", "customer.contact", "customer.activity")


def _on_all(verbs: str, scope: Scope = Scope.ALL) -> list[Grant]:
    return [grant(resource, verbs, scope) for resource in _RESOURCES]


GRANTS: Final = {
    "account_manager": _on_all("read create update import export", Scope.OWN),
    "sales_supervisor": _on_all("read create update delete import export share", Scope.UNIT_BELOW),
    "executive": [
        *_on_all("read export"),
        grant("customer.activity", "create update", Scope.OWN),
    ],
    "analyst": _on_all("read export"),
    "customer_service": [*_on_all("read"), *_on_all("create update", Scope.OWN)],
    "marketer": _on_all("read"),
    "service_engineer": _on_all("read", Scope.OWN),
    "maintainer": [],
}
