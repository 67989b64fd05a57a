"""What makes a lead worth converting: standards, their versions, and the answers given by them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    UniqueConstraint,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.db import fields
from core.db.base import Model, Record
from core.i18n import _l, _lp


class Standard(Record):
    """By what leads of one product line are qualified."""

    __tablename__ = "customer_standard"
    __table_args__ = (
        CheckConstraint("threshold between 0 and 100", "threshold_is_a_percentage"),
        Index(None, "product_line"),
    )

    name: Mapped[str] = fields.text(100, label=_lp("standard", "Name"), search=True)
    product_line: Mapped[str | None] = fields.pick(
        80,
        label=_l("Product line"),
        help=_l("Empty: for all leads whose product line has no standard of its own."),
        index=False,
    )
    threshold: Mapped[int] = fields.integer(
        label=_l("Needed score in percent"),
        help=_l("Part of all points a lead must reach to be qualified."),
        default=60,
    )
    is_active: Mapped[bool] = fields.flag(label=_l("In force"), default=True)
    #: Counts up with each change of the criteria or the needed score.
    revision: Mapped[int] = fields.integer(label=_lp("standard", "Version"), readonly=True, default=0)


class Criterion(Record):
    """One question of a standard."""

    __tablename__ = "customer_criterion"
    __table_args__ = (CheckConstraint("weight between 1 and 1000", "weight_is_positive"),)

    standard_id: Mapped[int] = fields.link("customer.standard", label=_l("Standard"), on_delete="CASCADE")
    text: Mapped[str] = fields.text(200, label=_l("Criterion"))
    weight: Mapped[int] = fields.integer(label=_l("Points"), default=10)
    required: Mapped[bool] = fields.flag(label=_l("Must be met"))


class StandardVersion(Model):
    """What a standard was at one time; answers refer to it, so they keep their questions."""

    __tablename__ = "customer_standard_version"
    __table_args__ = (UniqueConstraint("standard_id", "revision"),)

    id: Mapped[int] = fields.key()
    standard_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("customer_standard.id", ondelete="CASCADE"), nullable=False
    )
    revision: Mapped[int] = mapped_column(Integer)
    threshold: Mapped[int] = mapped_column(Integer)
    #: ``[{"id", "text", "weight", "required"}]`` in their order.
    criteria: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    created_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("core_user.id"))


class Answer(fields.Choice):
    """What is known about a criterion."""

    YES = "yes", _l("Yes"), "ok"
    NO = "no", _l("No"), "bad"
    UNKNOWN = "unknown", _l("Not known"), "mute"


class Assessment(Model):
    """The check list of a lead as somebody filled it in; the newest counts."""

    __tablename__ = "customer_assessment"
    __table_args__ = (Index(None, "lead_id", "id"),)

    id: Mapped[int] = fields.key()
    lead_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("customer_lead.id", ondelete="CASCADE"), nullable=False
    )
    version_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("customer_standard_version.id"), nullable=False
    )
    #: ``{criterion: {"answer", "note"}}``.
    answers: Mapped[dict[str, Any]] = mapped_column(JSONB)
    #: Percent.
    score: Mapped[int] = mapped_column(Integer)
    passes: Mapped[bool] = mapped_column(Boolean)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    created_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("core_user.id"))
