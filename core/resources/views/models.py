"""Views of lists, and what each person has arranged about them for himself."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    String,
    UniqueConstraint,
    false,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.db import fields
from core.db.base import Model

#: Deleted views wait a while for whoever wants them back.
_THERE = text("deleted_at is null")


class SavedView(Model):
    """A list as somebody wants to see it again: conditions, order, columns, groups."""

    __tablename__ = "core_saved_view"
    __table_args__ = (
        CheckConstraint("audience in ('private', 'shared', 'role')", "audience"),
        CheckConstraint("(audience = 'role') = (role is not null)", "role_has_a_code"),
        CheckConstraint("audience <> 'private' or owner_id is not null", "private_has_an_owner"),
        CheckConstraint("not is_default or audience = 'shared'", "default_is_shared"),
        Index(
            "uq_core_saved_view_private_name",
            "resource",
            "owner_id",
            "name",
            unique=True,
            postgresql_where=text("audience = 'private' and deleted_at is null"),
        ),
        Index(
            "uq_core_saved_view_common_name",
            "resource",
            "name",
            unique=True,
            postgresql_where=text("audience <> 'private' and deleted_at is null"),
        ),
        Index("uq_core_saved_view_role", "resource", "role", unique=True, postgresql_where=_THERE),
        Index(
            "uq_core_saved_view_default",
            "resource",
            unique=True,
            postgresql_where=text("is_default and deleted_at is null"),
        ),
    )

    id: Mapped[int] = fields.key()
    resource: Mapped[str] = mapped_column(String(100))
    name: Mapped[str] = mapped_column(String(60))
    #: private (its owner's), shared (everybody's who may read the resource), role (its holders' default).
    audience: Mapped[str] = mapped_column(String(20))
    role: Mapped[str | None] = mapped_column(String(60))
    #: Who made it; empty for the command line.
    owner_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("core_user.id", ondelete="CASCADE"), index=True
    )
    #: `core.resources.views.query.ViewQuery` in its stored form.
    query: Mapped[dict[str, Any]] = mapped_column(JSONB)
    #: Opens for everybody who has no other default.
    is_default: Mapped[bool] = mapped_column(server_default=false())
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    deleted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class ViewHabit(Model):
    """What one person has arranged about a view, or about the plain list where ``view_id`` is empty."""

    __tablename__ = "core_view_habit"
    __table_args__ = (
        UniqueConstraint("user_id", "resource", "view_id", postgresql_nulls_not_distinct=True),
        Index(
            "uq_core_view_habit_default",
            "user_id",
            "resource",
            unique=True,
            postgresql_where=text("is_default"),
        ),
    )

    id: Mapped[int] = fields.key()
    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("core_user.id", ondelete="CASCADE"))
    resource: Mapped[str] = mapped_column(String(100))
    view_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("core_saved_view.id", ondelete="CASCADE"), index=True
    )
    #: Its place among the views; empty for one that was never moved.
    position: Mapped[int | None] = mapped_column(Integer)
    #: Opens for this person, whatever the others' defaults are.
    is_default: Mapped[bool] = mapped_column(server_default=false())
    #: ``{column: width in steps of 8 px}``.
    widths: Mapped[dict[str, int]] = mapped_column(JSONB, server_default="{}")
