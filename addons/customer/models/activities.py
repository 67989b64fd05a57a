"""What is done with or for customers."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped

from core.db import fields
from core.db.base import Owned, Record
from core.i18n import _l, _lp


class ActivityKind(fields.Choice):
    """What is done with or for a customer; all but note and task are talks with him."""

    CALL = "call", _l("Call"), "info"
    VISIT = "visit", _l("Visit"), "ok"
    MEETING = "meeting", _l("Meeting"), "violet"
    MAIL = "mail", _l("Mail"), "info"
    WECHAT = "wechat", _l("WeChat"), "ok"
    NOTE = "note", _lp("activity", "Note"), "mute"
    TASK = "task", _l("Task"), "warn"


class ActivityState(fields.Choice):
    """Whether it still has to be done."""

    PLANNED = "planned", _l("Planned"), "info"
    DONE = "done", _lp("activity", "Done"), "ok"
    CANCELLED = "cancelled", _l("Cancelled"), "mute"


class Direction(fields.Choice):
    """Who began a talk."""

    OUT = "out", _l("We to them")
    IN = "in", _l("They to us")


class Activity(Record, Owned):
    """A call, visit, meeting, mail, chat, note or task: planned, then done."""

    __tablename__ = "customer_activity"
    __table_args__ = (
        CheckConstraint("minutes >= 0", "minutes_not_negative"),
        CheckConstraint("(state = 'done') = (done_at is not null)", "done_has_its_time"),
        Index(None, "owner_id", "state", "due_at"),
        Index(None, "state", "due_at", "id"),
        Index(None, "customer_id", "done_at"),
    )

    subject: Mapped[str] = fields.text(200, label=_l("Subject"), search=True)
    kind: Mapped[str] = fields.choice(ActivityKind, label=_lp("activity", "Kind"), default=ActivityKind.TASK)
    state: Mapped[str] = fields.choice(
        ActivityState, label=_lp("activity", "State"), default=ActivityState.PLANNED
    )
    customer_id: Mapped[int | None] = fields.link("customer.customer", label=_l("Customer"), index=False)
    contact_id: Mapped[int | None] = fields.link(
        "customer.contact", label=_l("Contact"), on_delete="SET NULL"
    )
    lead_id: Mapped[int | None] = fields.link("customer.lead", label=_l("Lead"), on_delete="SET NULL")
    due_at: Mapped[datetime | None] = fields.instant(label=_l("Due"))
    done_at: Mapped[datetime | None] = fields.instant(label=_lp("activity", "Done at"))
    minutes: Mapped[int | None] = fields.integer(label=_l("Minutes"))
    direction: Mapped[str | None] = fields.choice(Direction, label=_l("Direction"))
    outcome: Mapped[str | None] = fields.pick(80, label=_l("Outcome"), index=False)
    body: Mapped[str | None] = fields.multiline(label=_lp("activity", "Content"))
