"""Reads that join and count, in the reader's rights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from addons.industry_tradefair.models import Booth, Fair, Order
from addons.industry_tradefair.services.orders import SOLD
from core.access.actor import Actor
from core.resources.declaration import resource_of
from core.resources.filters import All, Condition
from core.resources.gateway import Gateway
from core.resources.query import Order as By
from core.resources.query import Query

Row = Mapping[str, Any]

_ON_A_CARD: Final = 5
#: How far ahead the home page looks.
_SOON: Final = timedelta(days=120)

_booth = Booth.__table__
_order = Order.__table__


@dataclass(frozen=True, slots=True)
class Occupancy:
    """How many booths a fair has, and how many of them are sold."""

    booths: int = 0
    sold: int = 0

    @property
    def free(self) -> int:
        """Those that can still be sold."""
        return self.booths - self.sold


def coming_fairs(session: Session, actor: Actor, today: date) -> Sequence[Row]:
    """The next fairs that have not ended, the first first."""
    soon = All(
        (
            Condition("ends_on", "gte", today.isoformat()),
            Condition("begins_on", "lte", (today + _SOON).isoformat()),
        )
    )
    wanted = Query(where=soon, sort=(By("begins_on"),), per_page=_ON_A_CARD, count=False)
    return list(Gateway(session, actor).page(resource_of(Fair), wanted).records())


def occupancy(session: Session, fairs: Sequence[int]) -> dict[int, Occupancy]:
    """``{fair: booths and how many are sold}``; whoever may read a fair may know."""
    if not fairs:
        return {}
    taken = select(_order.c.booth_id).where(_order.c.state.in_(SOLD), _order.c.archived_at.is_(None))
    counted = (
        select(
            _booth.c.fair_id,
            func.count().label("booths"),
            func.count().filter(_booth.c.id.in_(taken)).label("sold"),
        )
        .where(_booth.c.fair_id.in_(fairs), _booth.c.archived_at.is_(None))
        .group_by(_booth.c.fair_id)
    )
    return {row.fair_id: Occupancy(row.booths, row.sold) for row in session.execute(counted)}


def orders_of(session: Session, actor: Actor, customer: int) -> Sequence[Row]:
    """A customer's last orders."""
    wanted = Query(where=Condition("customer", "eq", customer), per_page=_ON_A_CARD, count=False)
    return list(Gateway(session, actor).page(resource_of(Order), wanted).records())


def orders_at(session: Session, actor: Actor, fair: int) -> Sequence[Row]:
    """The last orders for a fair."""
    wanted = Query(where=Condition("fair", "eq", fair), per_page=_ON_A_CARD, count=False)
    return list(Gateway(session, actor).page(resource_of(Order), wanted).records())
