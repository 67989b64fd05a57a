"""What became of each seed in a tenant."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Index, String, UniqueConstraint, func, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.db import fields
from core.db.base import Model


class SeedRecord(Model):
    """One seed that this tenant was given; kept when the record is deleted, so that it never returns."""

    __tablename__ = "core_seed"
    __table_args__ = (
        UniqueConstraint("key"),
        Index(None, "addon"),
        CheckConstraint("mode in ('once', 'managed', 'sample')", "mode"),
    )

    id: Mapped[int] = fields.key()
    addon: Mapped[str] = mapped_column(String(60))
    #: ``<addon>.<id>``.
    key: Mapped[str] = mapped_column(String(160))
    resource: Mapped[str] = mapped_column(String(100))
    #: None while it could not be written yet.
    record_id: Mapped[int | None] = mapped_column(BigInteger)
    mode: Mapped[str] = mapped_column(String(10))
    #: ``{field: value}`` as the addon last supplied it, in the stored form.
    shipped: Mapped[dict[str, Any]] = mapped_column(JSONB)
    #: ``{field: value}`` as it stood when it was last written from here; what differs is the tenant's.
    written: Mapped[dict[str, Any]] = mapped_column(JSONB)
    #: Why it could not be written, packed by `core.i18n.pack`.
    failure: Mapped[Any | None] = mapped_column(JSONB(none_as_null=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


def record_of(session: Session, key: str) -> int | None:
    """The record a seed has become, such as ``customer.bant``.

    Args:
        session: bound to one tenant.
        key: ``<addon>.<id>``.

    Returns:
        Its number, also of one that was deleted since; None where it was never written.
    """
    table = SeedRecord.__table__
    return session.scalar(select(table.c.record_id).where(table.c.key == key))
