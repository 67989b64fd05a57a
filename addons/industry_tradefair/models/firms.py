"""What the agency wants to know of a customer besides."""

from __future__ import annotations

from sqlalchemy.orm import Mapped

from core.db import fields
from core.db.base import Extension
from core.i18n import _l, _lp


class FirmKind(fields.Choice):
    """What a customer is to the trade."""

    MAKER = "maker", _l("Maker"), "ok"
    TRADER = "trader", _l("Trader"), "info"
    SERVICE = "service", _l("Service firm"), "violet"


class FirmFacts(Extension, of="customer.customer"):
    """Which kind of firm it is, and what it deals in."""

    __tablename__ = "industry_tradefair_customer"

    firm_kind: Mapped[str | None] = fields.choice(FirmKind, label=_l("Kind of firm"), index=True)
    traded_goods: Mapped[list[str]] = fields.tags(
        label=_l("Goods traded"), help=_l("Spirits, wine, sugar, snacks, packaging and the like.")
    )
    service_offered: Mapped[str | None] = fields.pick(
        80, label=_lp("firm", "Service"), help=_l("Such as building booths, printing or transport.")
    )
