"""What a tenant has set, one row for each addon."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, ForeignKey, Integer, String, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.db.base import Model


class KeptSettings(Model):
    """The values that somebody has saved; what is not among them has its default."""

    __tablename__ = "core_setting"

    addon: Mapped[str] = mapped_column(String(60), primary_key=True)
    #: ``{name: value}`` as JSON has it: days as text.
    values: Mapped[dict[str, Any]] = mapped_column(JSONB)
    version: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("core_user.id"))
