"""A background job as its tenant sees it; what the worker fetches lies in schema ``queue``."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, ForeignKey, Index, Integer, String, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.db import fields
from core.db.base import Model
from core.i18n import _lp


class State(fields.Choice):
    """Where a job stands."""

    WAITING = "waiting", _lp("job", "Waiting"), "info"
    RUNNING = "running", _lp("job", "Running"), "violet"
    DONE = "done", _lp("job", "Done"), "ok"
    #: Tried often enough, or refused: somebody has to look.
    PARKED = "parked", _lp("job", "Parked"), "bad"
    CANCELLED = "cancelled", _lp("job", "Cancelled"), "mute"


class Job(Model):
    """A piece of background work: who asked for it, how far it is, what came of it."""

    __tablename__ = "core_job"
    __table_args__ = (
        Index(
            "uq_core_job_waiting_key",
            "kind",
            "key",
            unique=True,
            postgresql_where=text("state = 'waiting' and key is not null"),
        ),
        Index("uq_core_job_due", "kind", "due_at", unique=True, postgresql_where=text("due_at is not null")),
        Index(None, "actor_id", "id"),
        Index(None, "state", "id"),
    )

    id: Mapped[int] = fields.key()
    #: Name of the declared job, ``core.import``.
    kind: Mapped[str] = mapped_column(String(100))
    #: Whose work it is: of the addon that declares the kind, or whose records the core works on. While
    #: that is off, the job does not run and nobody hears of it.
    addon: Mapped[str] = mapped_column(String(60), server_default="core")
    #: What it is about, in words of the one who asked for it.
    label: Mapped[str] = mapped_column(String(300), server_default="")
    #: Of the jobs of one kind and key only one waits.
    key: Mapped[str | None] = mapped_column(String(200))
    state: Mapped[str] = fields.choice(State, label=_lp("job", "State"), default=State.WAITING)
    arguments: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    done: Mapped[int] = mapped_column(BigInteger, server_default="0")
    #: Empty while nobody knows how much there is to do.
    total: Mapped[int | None] = mapped_column(BigInteger)
    note: Mapped[str] = mapped_column(String(300), server_default="")
    result: Mapped[Any | None] = mapped_column(JSONB(none_as_null=True))
    #: Why it is parked or waits for another try, in one sentence.
    error: Mapped[str | None] = mapped_column(Text)
    #: Stable name of the reason, where it is one the program knows.
    error_code: Mapped[str | None] = mapped_column(String(60))
    #: How often it was begun; also the mark by which a run knows that it is still the one in charge.
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    #: Who asked for it; empty: the operator or the clock.
    actor_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("core_user.id"))
    #: The due time of a periodic job.
    due_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    #: Not before; moved on with every failure.
    run_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    cancel_asked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    started_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
