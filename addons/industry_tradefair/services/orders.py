"""Rules of orders: each product has its own fields, and a booth is sold once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from addons.industry_tradefair.models import Booth, Order, OrderState, Product
from core.access.actor import Actor
from core.db.session import tenant_of
from core.i18n import _l
from core.resources.batch import Batch, Change
from core.resources.declaration import resource_of
from core.resources.service import Service

#: The fields each product has of its own, with what they hold when there is nothing in them.
FIELDS_OF: Final[Mapping[str, Mapping[str, object]]] = {
    Product.BOOTH: {"fair": None, "booth": None, "needs_builder": False, "reminded_on": None},
    Product.WEB_DESIGN: {"domain": None, "pages": None, "needs_hosting": False},
    Product.WEB_ADVERTISING: {"site": None, "ad_format": None, "runs_from": None, "runs_until": None},
    Product.PERIODICAL: {"periodical": None, "issue": None, "placement": None, "copy_due_on": None},
    Product.OUTDOOR: {"place": None, "size": None, "runs_from": None, "runs_until": None},
}
#: What must be known of each before it is confirmed.
NEEDED: Final[Mapping[str, Sequence[str]]] = {
    Product.BOOTH: ("fair", "booth"),
    Product.WEB_DESIGN: ("domain",),
    Product.WEB_ADVERTISING: ("site", "runs_from", "runs_until"),
    Product.PERIODICAL: ("periodical", "issue", "placement"),
    Product.OUTDOOR: ("place", "runs_from", "runs_until"),
}
#: States in which a booth is taken.
SOLD: Final = (OrderState.CONFIRMED, OrderState.DONE)

_order = Order.__table__
_booth = Booth.__table__


class OrderService(Service):
    """Writes of orders."""

    def rules(self, batch: Batch) -> None:
        """See to the fields of each product, to what a confirmed order needs, and to booths."""
        for change in batch.changes:
            self._keep_to_product(change)
            self._check_days(change)
            for name in ("amount", "pages"):
                if (change.values.get(name) or 0) < 0:
                    change.refuse(name, _l("This cannot be less than zero."))
        self._check_booths(batch)
        for change in batch.good:
            if change.now(self.resource, "state") in SOLD:
                for name in NEEDED[change.now(self.resource, "product")]:
                    if change.now(self.resource, name) is None:
                        change.refuse(name, _l("A confirmed order needs this."))

    def _keep_to_product(self, change: Change) -> None:
        """Refuse what another product has; where the product changes, empty what the old one had."""
        own = FIELDS_OF[change.now(self.resource, "product")]
        for others in FIELDS_OF.values():
            for name, nothing in others.items():
                if name in own:
                    continue
                if change.values.get(name, nothing) != nothing:
                    change.refuse(name, _l("Orders of this product do not have it."))
                elif change.stored(self.resource, name) not in (nothing, None):
                    change.values[name] = nothing

    def _check_days(self, change: Change) -> None:
        begins, ends = (change.now(self.resource, name) for name in ("runs_from", "runs_until"))
        if begins is not None and ends is not None and ends < begins:
            change.refuse("runs_until", _l("This day lies before the beginning."))

    def _check_booths(self, batch: Batch) -> None:
        """A booth lies at the order's fair, which it tells where nobody has; and it is sold once."""
        wanted = [
            (change, booth)
            for change in batch.good
            if (booth := change.now(self.resource, "booth")) is not None
            and {"booth", "fair", "state"} & set(change.values)
        ]
        if not wanted:
            return
        booths = {booth for _change, booth in wanted}
        rows = batch.session.execute(select(_booth.c.id, _booth.c.fair_id).where(_booth.c.id.in_(booths)))
        fairs = {row.id: row.fair_id for row in rows}
        sold = self._sold(batch.session, booths)
        for change, booth in wanted:
            fair = change.now(self.resource, "fair")
            if fair is None:
                change.values["fair"] = fairs.get(booth)
            elif fairs.get(booth) != fair:
                change.refuse("booth", _l("This booth is not at the fair."))
            if change.now(self.resource, "state") in SOLD:
                if sold.get(booth, change.id) != change.id:
                    change.refuse("booth", _l("This booth is sold already."))
                sold.setdefault(booth, change.id)

    @staticmethod
    def _sold(session: Session, booths: set[int]) -> dict[int, int | None]:
        """``{booth: order}`` of those that are taken."""
        taken = select(_order.c.booth_id, _order.c.id).where(
            _order.c.booth_id.in_(booths), _order.c.state.in_(SOLD), _order.c.archived_at.is_(None)
        )
        return {row.booth_id: row.id for row in session.execute(taken)}


def confirm_orders(session: Session, ids: Sequence[int], *, actor: Actor) -> None:
    """Confirm orders, today in the tenant's calendar where nobody has said when they were given."""
    service = resource_of(Order).service
    today = datetime.now(ZoneInfo(tenant_of(session).timezone)).date()
    dated = select(_order.c.id).where(_order.c.id.in_(ids), _order.c.ordered_on.is_not(None))
    given = set(session.scalars(dated))
    confirmed = {"state": OrderState.CONFIRMED.value}
    changes = {each: confirmed if each in given else {**confirmed, "ordered_on": today} for each in ids}
    service.update_many(session, changes, actor=actor)


def finish_orders(session: Session, ids: Sequence[int], *, actor: Actor) -> None:
    """Mark orders as done."""
    _move(session, ids, OrderState.DONE, actor)


def cancel_orders(session: Session, ids: Sequence[int], *, actor: Actor) -> None:
    """Cancel orders; their booths can be sold again."""
    _move(session, ids, OrderState.CANCELLED, actor)


def _move(session: Session, ids: Sequence[int], state: OrderState, actor: Actor) -> None:
    values = {"state": state.value}
    resource_of(Order).service.update_many(session, dict.fromkeys(ids, values), actor=actor)
