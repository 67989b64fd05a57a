"""What the engine itself keeps in a tenant: histories, files, repeated requests, sets of changes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Text,
    UniqueConstraint,
    false,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.db import fields
from core.db.base import Model


class Attachment(Model):
    """A file put on a record; the bytes lie in the tenant's folder under their SHA-256."""

    __tablename__ = "core_attachment"

    id: Mapped[int] = fields.key()
    resource: Mapped[str] = mapped_column(String(100))
    record_id: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str] = mapped_column(String(255))
    media_type: Mapped[str] = mapped_column(String(120))
    #: Bytes.
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))


class TimelineEntry(Model):
    """One fact in the history of a record."""

    __tablename__ = "core_timeline_entry"
    __table_args__ = (Index(None, "resource", "record_id", "id"),)

    id: Mapped[int] = fields.key()
    resource: Mapped[str] = mapped_column(String(100))
    record_id: Mapped[int] = mapped_column(BigInteger)
    #: created, updated, archived, restored, note, attachment.
    kind: Mapped[str] = mapped_column(String(40))
    body: Mapped[str | None] = mapped_column(Text)
    #: Through which door it came (`core.resources.channels`); None where nobody knows.
    channel: Mapped[str | None] = mapped_column(String(40))
    #: ``{field: [before, after]}`` in the stored form.
    changes: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    attachment_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("core_attachment.id", ondelete="CASCADE")
    )
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    created_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("core_user.id"))


class KeptAnswer(Model):
    """The answer given under an Idempotency-Key, for 24 hours."""

    __tablename__ = "core_kept_answer"
    __table_args__ = (UniqueConstraint("actor_id", "key"),)

    id: Mapped[int] = fields.key()
    actor_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("core_user.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(String(255))
    #: SHA-256 of method, path and body.
    request_hash: Mapped[str] = mapped_column(String(64))
    status: Mapped[int] = mapped_column(Integer)
    location: Mapped[str | None] = mapped_column(String(300))
    body: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), index=True
    )


class ChangeSet(Model):
    """Changes that were made together and can be taken back together: an import, an edit of many, samples."""

    __tablename__ = "core_change_set"

    id: Mapped[int] = fields.key()
    #: import, bulk or sample.
    kind: Mapped[str] = mapped_column(String(40))
    resource: Mapped[str] = mapped_column(String(100))
    label: Mapped[str] = mapped_column(String(300))
    #: made, undoing or undone.
    state: Mapped[str] = mapped_column(String(40), default="made", server_default="made")
    #: What taking it back has come to so far, in records.
    restored: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    removed: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    left: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    created_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), index=True
    )
    undone_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    actor_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("core_user.id"))
    undone_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("core_user.id"))


class ChangeSetRow(Model):
    """What a set did to one record, as far as it takes to undo it; goes away when it is undone."""

    __tablename__ = "core_change_set_row"
    __table_args__ = (PrimaryKeyConstraint("set_id", "resource", "record_id"),)

    set_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("core_change_set.id", ondelete="CASCADE"))
    resource: Mapped[str] = mapped_column(String(100))
    record_id: Mapped[int] = mapped_column(BigInteger)
    #: Of the record after the set's last change to it.
    version: Mapped[int] = mapped_column(Integer)
    #: ``{field: stored value}`` of what was changed; None for a record the set created.
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    #: ``{name: lines as they were}`` of the lines that were changed.
    lines: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    #: Numbers of the notes that were written on it.
    notes: Mapped[list[int] | None] = mapped_column(ARRAY(BigInteger))
    #: Changed by others since, so it was not taken back.
    is_left: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
