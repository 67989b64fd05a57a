"""What the quick search looks through: one document for each record, kept with every write."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, DateTime, Index, Integer, String, Text, desc, func
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from core.db.base import Model


class SearchDocument(Model):
    """By what one record is found (`core.search.text`); who may find it is asked of the record itself."""

    __tablename__ = "core_search_doc"

    resource: Mapped[str] = mapped_column(String(100), primary_key=True)
    record_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    #: The record's version it was made from: an older one never takes the place of a newer.
    version: Mapped[int] = mapped_column(Integer)
    #: Of public and internal fields; and of sensitive ones, for readers who may see them.
    hay: Mapped[str] = mapped_column(Text)
    hay_guarded: Mapped[str] = mapped_column(Text, server_default="")
    #: The pieces of both, numbered by resource (`core.search.index.numbers_of`).
    grams: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())

    __table_args__ = (
        # Its pending list makes writes five times as fast; so short, it costs a search a millisecond.
        Index(
            None,
            "grams",
            postgresql_using="gin",
            postgresql_with={"fastupdate": "on", "gin_pending_list_limit": "4096"},
        ),
        Index("ix_core_search_doc_newest", "resource", desc("updated_at")),
    )


class SearchState(Model):
    """Which resources have documents for all their records, and by which rules these were made."""

    __tablename__ = "core_search_state"

    resource: Mapped[str] = mapped_column(String(100), primary_key=True)
    rules: Mapped[int] = mapped_column(Integer)
    rebuilt_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
