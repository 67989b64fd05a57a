"""Rules of customers and their groups."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from addons.customer.models import Customer, CustomerContact, CustomerType
from addons.customer.services.contacts import keep_main_customers, refuse_twice
from core.access.actor import Actor
from core.db.session import tenant_of
from core.i18n import _l
from core.resources.batch import Batch, Change
from core.resources.service import Service

_ONLY_ORGANISATIONS: Final = ("employees", "founded_year")

_customer = Customer.__table__
_link = CustomerContact.__table__


class CustomerService(Service):
    """Writes of customers."""

    def rules(self, batch: Batch) -> None:
        """See to groups without circles, to what only organisations have, and to plausible values."""
        this_year = datetime.now(UTC).year
        for change in batch.changes:
            self._refuse_for_persons(change)
            if (change.values.get("employees") or 0) < 0:
                change.refuse("employees", _l("This cannot be less than zero."))
            founded = change.values.get("founded_year")
            if founded is not None and not 1000 <= founded <= this_year:
                change.refuse("founded_year", _l("Write a year from 1000 to %(year)s.", year=this_year))
            refuse_twice(change, "contacts", "contact")
        self._check_parents(batch)
        self._check_children(batch)

    def write(self, batch: Batch) -> None:
        """Write, and let the contacts in the lines know their main customer."""
        named = [change for change in batch.good if "contacts" in change.lines]
        affected = _linked_contacts(batch.session, [change.id for change in named if change.id is not None])
        super().write(batch)
        if named:
            affected |= {line["contact"] for change in named for line in change.lines["contacts"]}
            keep_main_customers(batch.session, affected)

    def delete(self, session: Session, record_ids: Sequence[int], *, actor: Actor) -> None:
        """Delete, and let contacts turn to another of their customers."""
        affected = _linked_contacts(session, record_ids)
        super().delete(session, record_ids, actor=actor)
        keep_main_customers(session, affected)

    def _refuse_for_persons(self, change: Change) -> None:
        if change.now(self.resource, "type") == CustomerType.PERSON:
            for name in _ONLY_ORGANISATIONS:
                if change.now(self.resource, name) is not None:
                    change.refuse(name, _l("Only an organisation has this; leave it empty for a person."))

    def _check_parents(self, batch: Batch) -> None:
        """A parent is an organisation, and nobody stands above himself."""
        moved = [change for change in batch.good if change.values.get("parent") is not None]
        if not moved:
            return
        if batch.kind == "updated":
            # Two moves at once could close a circle that neither sees.
            key = func.hashtextextended("customer.parent", tenant_of(batch.session).id)
            batch.session.execute(select(func.pg_advisory_xact_lock(key)))
        above = _parents_above(batch.session, {change.values["parent"] for change in moved})
        becoming = {change.id: change for change in batch.changes if change.id is not None}
        for change in moved:
            at = change.values["parent"]
            turned = becoming.get(at)
            kind = turned.now(self.resource, "type") if turned else above[at][1]
            if kind == CustomerType.PERSON:
                change.refuse("parent", _l("A person cannot be the head of a group."))
                continue
            seen: set[int] = set()
            while at is not None and at not in seen and at != change.id:
                seen.add(at)
                further = becoming.get(at)
                at = further.now(self.resource, "parent") if further else above[at][0]
            # Who only stands below a circle is not at fault: those on it are refused, so there is none.
            if at is not None and at == change.id:
                change.refuse("parent", _l("This would put the customer above itself."))

    def _check_children(self, batch: Batch) -> None:
        """The head of a group stays an organisation."""
        turned = {
            change.id: change
            for change in batch.good
            if change.id is not None and change.values.get("type") == CustomerType.PERSON
        }
        if turned:
            heads = select(_customer.c.parent_id).where(_customer.c.parent_id.in_(turned)).distinct()
            for head in batch.session.scalars(heads):
                turned[head].refuse("type", _l("Other customers belong to it, so it stays an organisation."))


def _linked_contacts(session: Session, customer_ids: Sequence[int]) -> set[int]:
    if not customer_ids:
        return set()
    return set(session.scalars(select(_link.c.contact_id).where(_link.c.customer_id.in_(customer_ids))))


def _parents_above(session: Session, customer_ids: set[int]) -> dict[int, tuple[int | None, str]]:
    """Customers and all above them: ``{id: (parent, type)}``; ends also where there is a circle."""
    columns = (_customer.c.id, _customer.c.parent_id, _customer.c.type)
    above = select(*columns).where(_customer.c.id.in_(customer_ids)).cte("above", recursive=True)
    above = above.union(select(*columns).where(_customer.c.id == above.c.parent_id))
    return {row.id: (row.parent_id, row.type) for row in session.execute(select(above))}
