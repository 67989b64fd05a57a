"""What the ready roles may do at an agency; the administrator may do everything anyway."""

from __future__ import annotations

from typing import Final

from core.access.permissions import Grant, Scope, grant

_FAIR: Final = "industry_tradefair.fair"
_BOOTH: Final = "industry_tradefair.booth"
_ORDER: Final = "industry_tradefair.order"


def _stock(verbs: str) -> list[Grant]:
    """The same verbs on what is sold at: fairs and booths belong to nobody."""
    return [grant(_FAIR, verbs), grant(_BOOTH, verbs)]


GRANTS = {
    "account_manager": [*_stock("read"), grant(_ORDER, "read create update", Scope.OWN)],
    "sales_supervisor": [
        *_stock("read create update delete import export"),
        grant(_ORDER, "read create update delete import export share", Scope.UNIT_BELOW),
    ],
    "executive": [*_stock("read export"), grant(_ORDER, "read export")],
    "analyst": [*_stock("read export"), grant(_ORDER, "read export")],
    "marketer": _stock("read create update"),
    "customer_service": [*_stock("read"), grant(_ORDER, "read")],
}
