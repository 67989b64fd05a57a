"""Reads about leads: their check lists, what became of them, and those to follow up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from addons.customer.models import Answer, Conversion, Lead, LeadState
from addons.customer.services.qualification import Version, last_assessments, versions_for
from core.access.actor import Actor
from core.auth.models import User
from core.resources.declaration import resource_of
from core.resources.filters import All, Condition
from core.resources.gateway import Gateway
from core.resources.models import Attachment, TimelineEntry
from core.resources.query import Order, Query

_conversion = Conversion.__table__
_entry = TimelineEntry.__table__
_attachment = Attachment.__table__
_user = User.__table__

#: States in which somebody still works on a lead.
OPEN = (LeadState.NEW.value, LeadState.WORKING.value, LeadState.QUALIFIED.value)


@dataclass(frozen=True, slots=True)
class CheckList:
    """What a lead is asked, and what has been answered so far."""

    version: Version
    #: ``{criterion: {"answer", "note"}}``.
    answers: Mapping[str, Mapping[str, Any]]
    score: int | None
    passes: bool
    #: When it was answered last; None for never.
    answered_at: datetime | None
    #: Whether the answers are about an older version than ``newest``.
    is_old: bool
    newest: Version

    def answer(self, criterion: Mapping[str, Any]) -> str:
        """What is known about a criterion."""
        given: str = self.answers.get(str(criterion["id"]), {}).get("answer", Answer.UNKNOWN.value)
        return given


def check_list(session: Session, lead_id: int, product_line: str | None) -> CheckList | None:
    """The check list of a lead: as it was answered, else the standard in force; None where there is neither.

    The caller has read the lead through its gateway.
    """
    newest = versions_for(session, [product_line]).get(product_line)
    done = last_assessments(session, [lead_id]).get(lead_id)
    if newest is None:
        return None
    if done is None or done["standard_id"] != newest.standard_id:
        return CheckList(newest, {}, None, False, None, False, newest)
    answered = newest
    if done["version_id"] != newest.id:
        answered = Version(
            done["version_id"], done["standard_id"], done["name"], done["revision"], done["threshold"],
            done["criteria"],
        )  # fmt: skip
    return CheckList(
        answered,
        done["answers"],
        done["score"],
        done["passes"],
        done["created_at"],
        answered is not newest,
        newest,
    )


def conversion_of(session: Session, lead_id: int) -> Mapping[str, Any] | None:
    """The conversion of a lead that stands, with who made it; the caller has read the lead."""
    statement = (
        select(_conversion, _user.c.name.label("author"))
        .outerjoin(_user, _user.c.id == _conversion.c.created_by_id)
        .where(_conversion.c.lead_id == lead_id, _conversion.c.undone_at.is_(None))
        .order_by(_conversion.c.id.desc())
        .limit(1)
    )
    row = session.execute(statement).mappings().first()
    return None if row is None else dict(row)


def leads_behind(
    session: Session, actor: Actor, *, customer_id: int | None = None, contact_id: int | None = None
) -> list[dict[str, Any]]:
    """The leads within reach that a customer or a contact has come from, the newest first."""
    if not actor.may("customer.lead", "read"):
        return []
    whose = (
        Condition("contact", "eq", contact_id)
        if contact_id is not None
        else Condition("customer", "eq", customer_id)
    )
    query = Query(
        where=whose,
        sort=(Order("id", descending=True),),
        fields=("id", "title", "number", "source", "converted_at", "description"),
        per_page=20,
        count=False,
    )
    return Gateway(session, actor).page(resource_of(Lead), query).records()


def leads_to_follow(session: Session, actor: Actor, *, until: date, limit: int = 50) -> list[dict[str, Any]]:
    """The actor's open leads whose next step is due up to a day, the earliest first."""
    if not actor.may("customer.lead", "read") or actor.user_id is None:
        return []
    query = Query(
        where=All(
            (
                Condition("owner", "eq", actor.user_id),
                Condition("state", "in", list(OPEN)),
                Condition("next_on", "lte", until),
            )
        ),
        sort=(Order("next_on"),),
        fields=("id", "title", "state", "next_step", "next_on", "phone"),
        per_page=limit,
        count=False,
    )
    return Gateway(session, actor).page(resource_of(Lead), query).records()


def leads_by_state(session: Session, actor: Actor) -> dict[str, int]:
    """How many leads the actor owns: ``{state: count}``, without those that are archived."""
    query = Query(where=Condition("owner", "eq", actor.user_id))
    rows = Gateway(session, actor).aggregate(resource_of(Lead), query, ("state",), ("count",))
    return {row["state"]: row["count"] for row in rows}


def notes_of(
    session: Session,
    leads: Sequence[int],
    *,
    since: datetime | None,
    until: datetime | None,
    limit: int,
) -> list[dict[str, Any]]:
    """Notes and files on leads within reach, newest first; as the hook ``timeline_entries`` asks for them."""
    wanted = (
        select(
            _entry.c.id,
            _entry.c.record_id,
            _entry.c.kind,
            _entry.c.body,
            _entry.c.created_at,
            _user.c.name.label("author"),
            _attachment.c.name.label("file_name"),
            _attachment.c.size.label("file_size"),
        )
        .outerjoin(_user, _user.c.id == _entry.c.created_by_id)
        .outerjoin(_attachment, _attachment.c.id == _entry.c.attachment_id)
        .where(_entry.c.resource == "customer.lead", _entry.c.record_id.in_(leads))
        .where(_entry.c.kind.in_(("note", "attachment")))
        .order_by(_entry.c.created_at.desc(), _entry.c.id.desc())
    )
    if since is not None:
        wanted = wanted.where(_entry.c.created_at >= since)
    if until is not None:
        wanted = wanted.where(_entry.c.created_at < until)
    found = [dict(row) for row in session.execute(wanted.limit(limit)).mappings()]
    if len(found) < limit:
        return found
    last = found[-1]["created_at"]
    same = session.execute(wanted.where(_entry.c.created_at == last)).mappings()
    return [*(each for each in found if each["created_at"] != last), *(dict(row) for row in same)]
