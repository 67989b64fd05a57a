"""Rules of contacts and of what they are at customers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import and_, func, insert, select, tuple_, update
from sqlalchemy.orm import Session

from addons.customer.models import Contact, CustomerContact
from core.i18n import _l
from core.resources.batch import Batch, Change
from core.resources.service import Service

_contact = Contact.__table__
_link = CustomerContact.__table__


class ContactService(Service):
    """Writes of contacts."""

    def rules(self, batch: Batch) -> None:
        """See to a birthday that has been, and to lines that name each customer once."""
        today = datetime.now(UTC).date() + timedelta(days=1)
        for change in batch.changes:
            birthday = change.values.get("birthday")
            if birthday is not None and birthday > today:
                change.refuse("birthday", _l("A birthday cannot lie in the future."))
            refuse_twice(change, "customers", "customer")

    def write(self, batch: Batch) -> None:
        """Write, and make the main customer one of the contact's customers."""
        super().write(batch)
        add_missing_links(
            batch.session,
            [
                (change.values["customer"], change.id)
                for change in batch.changes
                if change.id is not None and change.values.get("customer") is not None
            ],
        )
        touched = {
            change.id
            for change in batch.changes
            if change.id is not None and ("customer" in change.values or "customers" in change.lines)
        }
        keep_main_customers(batch.session, touched)


class CustomerContactService(Service):
    """Writes of what a contact is at a customer."""

    def rules(self, batch: Batch) -> None:
        """Nobody leaves before he has joined."""
        for change in batch.changes:
            joined, left = change.now(self.resource, "joined_on"), change.now(self.resource, "left_on")
            if joined is not None and left is not None and left < joined:
                change.refuse("left_on", _l("This day lies before the day of joining."))


def keep_main_customers(session: Session, contact_ids: Iterable[int]) -> None:
    """Make the main customer of these contacts one of those in their lines, if there are any.

    A present one stays; otherwise it becomes the first they have not left, else the first.
    """
    wanted = sorted(set(contact_ids))
    if not wanted:
        return
    other = _link.alias()
    main = (
        select(other.c.customer_id)
        .where(other.c.contact_id == _contact.c.id)
        .order_by(
            func.coalesce(
                and_(other.c.customer_id == _contact.c.customer_id, other.c.left_on.is_(None)), False
            ).desc(),
            other.c.left_on.is_(None).desc(),
            (other.c.customer_id.is_not_distinct_from(_contact.c.customer_id)).desc(),
            other.c.id,
        )
        .limit(1)
        .scalar_subquery()
    )
    session.execute(
        update(_contact)
        .where(_contact.c.id.in_(wanted), _contact.c.customer_id.is_distinct_from(main))
        .values(customer_id=main)
    )


def add_missing_links(session: Session, pairs: Sequence[tuple[int, int]]) -> list[int]:
    """Put customers into the lines of contacts where they are missing: ``(customer, contact)``.

    Returns:
        The numbers of the new lines.
    """
    if not pairs:
        return []
    there = set(
        session.execute(
            select(_link.c.customer_id, _link.c.contact_id).where(
                tuple_(_link.c.customer_id, _link.c.contact_id).in_(pairs)
            )
        ).all()
    )
    missing = [
        {"customer_id": pair[0], "contact_id": pair[1]} for pair in dict.fromkeys(pairs) if pair not in there
    ]
    return list(session.scalars(insert(_link).returning(_link.c.id), missing)) if missing else []


def refuse_twice(change: Change, lines: str, link: str) -> None:
    """Refuse a second line for somebody who has not left."""
    seen: set[int] = set()
    for number, line in enumerate(change.lines.get(lines, ())):
        if line.get("left_on") is not None or line.get(link) is None:
            continue
        if line[link] in seen:
            change.refuse(f"{lines}.{number}.{link}", _l("This stands in another line already."))
        seen.add(line[link])
