"""The org tree, and who holds which role where."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, String, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from core.db import fields
from core.db.base import Model, Record
from core.i18n import _l


class Unit(Record):
    """A unit of the org tree: a company, a department, a team."""

    __tablename__ = "core_unit"

    code: Mapped[str] = fields.text(40, label=_l("Code"), search=True, unique=True)
    name: Mapped[str] = fields.text(200, label=_l("Name"), search=True)
    parent_id: Mapped[int | None] = fields.link("core.unit", label=_l("Parent unit"))


class RoleAssignment(Model):
    """A role a user holds; the unit says where its scopes look, the user's own unit when empty."""

    __tablename__ = "core_role_assignment"
    __table_args__ = (UniqueConstraint("user_id", "role", "unit_id", postgresql_nulls_not_distinct=True),)

    id: Mapped[int] = fields.key()
    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("core_user.id", ondelete="CASCADE"))
    role: Mapped[str] = mapped_column(String(60))
    unit_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("core_unit.id", ondelete="CASCADE"))


class RightsStamp(Model):
    """One row: a mark that triggers draw anew whenever roles, units or the tree change.

    Every process keeps worked-out rights under the mark they were read with, so a change counts
    with the next request everywhere.
    """

    __tablename__ = "core_rights_stamp"

    stamp: Mapped[UUID] = mapped_column(primary_key=True, server_default=func.gen_random_uuid())
