"""Reminders: some days before a fair, whoever sold a booth there gets a task."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from addons.industry_tradefair.models import Fair, Order, OrderState, Product
from core.access.actor import Actor
from core.db.session import tenant_of
from core.i18n import _, speaking
from core.resources.declaration import resource_named, resource_of

#: So many days before a fair begins.
AHEAD: Final = timedelta(days=14)
#: When on the day the task is due, in the tenant's zone.
_AT: Final = time(9)
#: So many orders in one transaction.
_AT_ONCE: Final = 200

_order = Order.__table__
_fair = Fair.__table__


def remind_of_fairs(session: Session, *, actor: Actor) -> int:
    """Plan a task for each confirmed booth whose fair begins soon; each is remembered, so it comes once.

    Returns:
        How many there were: some at most, and none once all are reminded of.
    """
    zone = ZoneInfo(tenant_of(session).timezone)
    today = datetime.now(zone).date()
    rows = session.execute(_due(today)).all()
    if not rows:
        return 0
    with speaking(tenant_of(session).language):
        tasks = [
            {
                "subject": _("Prepare %(fair)s: %(order)s", fair=row.name, order=row.title)[:200],
                "kind": "task",
                "customer": row.customer_id,
                "owner": row.owner_id,
                "due_at": datetime.combine(today, _AT, zone).isoformat(),
            }
            for row in rows
        ]
    resource_named("customer.activity").service.create(session, tasks, actor=actor)
    reminded = {row.id: {"reminded_on": today} for row in rows}
    resource_of(Order).service.update_many(session, reminded, actor=actor)
    return len(rows)


def _due(today: date) -> Select[tuple[int, str, int, int | None, str]]:
    """The confirmed booths of fairs that begin soon, and of which nobody was reminded."""
    return (
        select(_order.c.id, _order.c.title, _order.c.customer_id, _order.c.owner_id, _fair.c.name)
        .join(_fair, _fair.c.id == _order.c.fair_id)
        .where(
            _order.c.product == Product.BOOTH.value,
            _order.c.state == OrderState.CONFIRMED.value,
            _order.c.reminded_on.is_(None),
            _order.c.archived_at.is_(None),
            _fair.c.begins_on.between(today, today + AHEAD),
        )
        .order_by(_order.c.id)
        .limit(_AT_ONCE)
        .with_for_update(of=_order, skip_locked=True)
    )
