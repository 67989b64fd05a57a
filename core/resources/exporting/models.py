"""Exports that are made in the background, and their files."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, ForeignKey, Index, String, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.db import fields
from core.db.base import Model


class Export(Model):
    """What somebody asked for as a file, and the file once it is there; only for the one who asked."""

    __tablename__ = "core_export"
    __table_args__ = (Index(None, "actor_id", "id"), Index(None, "expires_at"))

    id: Mapped[int] = fields.key()
    resource: Mapped[str] = mapped_column(String(100))
    #: What the file is called, without its ending.
    title: Mapped[str] = mapped_column(String(200))
    #: ``{"where": filter tree, "q": search, "sort": [orders]}``
    query: Mapped[dict[str, Any]] = mapped_column(JSONB)
    columns: Mapped[list[str]] = mapped_column(JSONB)
    #: csv, xlsx or jsonl.
    format: Mapped[str] = mapped_column(String(10))
    #: Whose labels it has; None for names and stored values.
    language: Mapped[str | None] = mapped_column(String(10))
    #: How many records there were when it was asked for.
    total: Mapped[int] = mapped_column(BigInteger)
    #: Records and bytes of the file.
    rows: Mapped[int | None] = mapped_column(BigInteger)
    size: Mapped[int | None] = mapped_column(BigInteger)
    #: Name of the file in the tenant's folder; None until it is there, and again when it has expired.
    file: Mapped[str | None] = mapped_column(String(100))
    job_id: Mapped[int | None] = mapped_column(BigInteger)
    actor_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("core_user.id"))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    #: When the link dies and the file goes away.
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
