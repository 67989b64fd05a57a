"""The same done with many records in the background."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, BigInteger, DateTime, ForeignKey, Index, Integer, String, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.db import fields
from core.db.base import Model


class BulkRun(Model):
    """What is done with which records, and how far it has come."""

    __tablename__ = "core_bulk_run"
    __table_args__ = (Index(None, "actor_id", "id"),)

    id: Mapped[int] = fields.key()
    resource: Mapped[str] = mapped_column(String(100))
    #: update, archive, restore, delete, or an action of the resource.
    action: Mapped[str] = mapped_column(String(60))
    #: What the action takes, as `core.resources.bulk.Order` holds it.
    values: Mapped[dict[str, Any]] = mapped_column(JSONB)
    #: The records, in the order they are treated in.
    ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    #: How many of them are through.
    position: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    changed: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    unchanged: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    refused: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    #: The first refusals: ``[[record, sentence], ...]``
    refusals: Mapped[list[Any]] = mapped_column(JSONB, default=list, server_default="[]")
    change_set_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("core_change_set.id", ondelete="SET NULL")
    )
    job_id: Mapped[int | None] = mapped_column(BigInteger)
    actor_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("core_user.id"))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
