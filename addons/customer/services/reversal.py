"""Taking a conversion back: the lead is as it was, and what was made goes unless somebody has used it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, delete, exists, select
from sqlalchemy.orm import Session

from addons.customer.models import Activity, Contact, Conversion, Customer, CustomerContact, Lead, LeadState
from addons.customer.services.activities import keep_last_contacted
from core.access.actor import OPERATOR, Actor
from core.errors import Conflict
from core.i18n import _l
from core.resources.channels import through
from core.resources.declaration import Resource, resource_named, resource_of
from core.resources.models import TimelineEntry
from core.resources.service import InUse

_LINK: Final = "customer.customer_contact"

_conversion = Conversion.__table__
_entry = TimelineEntry.__table__
_link = CustomerContact.__table__
_activity = Activity.__table__


class LeadNotConverted(Conflict):
    """There is no conversion to take back."""

    code = "customer.lead-not-converted"
    message = _l("This lead is not converted, so there is nothing to take back.")


@dataclass(frozen=True, slots=True)
class Left:
    """A record that was made by a conversion and stays, because somebody has used it since."""

    resource: str
    id: int


def undo_conversions(session: Session, ids: Sequence[int], *, actor: Actor) -> dict[int, list[Left]]:
    """Take the conversions of leads back, all or none.

    What a conversion made is deleted where it has the version it had then and nothing hangs on it: no
    note, no file, no activity, no link from elsewhere.

    Returns:
        What stays, by lead.

    Raises:
        NotFound, Forbidden: the actor may not convert one of them.
        LeadNotConverted: one is not converted.
    """
    service: Any = resource_of(Lead).service
    with session.begin_nested(), through(session, "undo"):
        rows = service.permitted(session, ids, actor, "convert")
        conversions = _last(session, list(rows))
        for number, row in rows.items():
            if row["state"] != LeadState.CONVERTED or number not in conversions:
                raise LeadNotConverted
        values = {
            number: {
                "state": conversions[number]["before"]["state"],
                "converted_at": None,
                "customer": None,
                "contact": None,
            }
            for number in rows
        }
        service.set_values(session, values, actor=actor, verb="convert")
        left = {number: _take_back(session, conversions[number]["records"]) for number in rows}
        keep_last_contacted(session, {row["customer_id"] for row in rows.values() if row["customer_id"]})
    return left


def _last(session: Session, lead_ids: Sequence[int]) -> dict[int, Mapping[str, Any]]:
    statement = (
        select(_conversion)
        .where(_conversion.c.lead_id.in_(lead_ids), _conversion.c.undone_at.is_(None))
        .order_by(_conversion.c.id)
    )
    return {row["lead_id"]: dict(row) for row in session.execute(statement).mappings()}


def _take_back(session: Session, records: Sequence[Mapping[str, Any]]) -> list[Left]:
    """Delete what was made, the last first; give what stays."""
    left = []
    made = [record for record in reversed(records) if record["made"]]
    customer_id = next((each["id"] for each in records if each["resource"] == "customer.customer"), None)
    for record in made:
        if record["resource"] == _LINK:
            session.execute(
                delete(_link).where(_link.c.id == record["id"], _link.c.version == record["version"])
            )
            continue
        resource = resource_named(record["resource"])
        if not _is_there(session, resource, record["id"]):
            continue
        if _is_untouched(session, resource, record, customer_id):
            try:
                resource.service.delete(session, [record["id"]], actor=OPERATOR)
            except InUse:
                pass
            else:
                continue
        left.append(Left(resource.name, record["id"]))
    return left


def _is_there(session: Session, resource: Resource, number: int) -> bool:
    return session.scalar(select(resource.table.c.id).where(resource.table.c.id == number)) is not None


def _is_untouched(
    session: Session, resource: Resource, record: Mapping[str, Any], customer_id: int | None
) -> bool:
    """Whether nobody has changed a record, written into its history or linked to it since."""
    number, table = record["id"], resource.table
    used: list[ColumnElement[bool]] = [
        exists().where(
            _entry.c.resource == resource.name, _entry.c.record_id == number, _entry.c.kind != "created"
        )
    ]
    if resource.model is Customer:
        used.append(exists().where(_link.c.customer_id == number))
    if resource.model is Contact:
        used.append(exists().where(_activity.c.contact_id == number))
        used.append(
            exists().where(_link.c.contact_id == number, _link.c.customer_id.is_distinct_from(customer_id))
        )
    same = select(table.c.id).where(table.c.id == number, table.c.version == record["version"])
    return session.scalar(same.where(*(~each for each in used))) is not None
