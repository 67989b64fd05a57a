"""Imports as they are kept: how a file is read, how far its import has come, and the rows in between."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Text,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.db import fields
from core.db.base import Model


class Import(Model):
    """One import of one file."""

    __tablename__ = "core_import"
    __table_args__ = (Index(None, "resource", "header_key", "id"),)

    id: Mapped[int] = fields.key()
    resource: Mapped[str] = mapped_column(String(100))
    #: draft, checking, checked, waiting, running, cancelled, failed, done, undoing or undone.
    state: Mapped[str] = mapped_column(String(40), default="draft", server_default="draft")
    file_name: Mapped[str] = mapped_column(String(255))
    #: The file lies in the tenant's folder under this hash.
    sha256: Mapped[str] = mapped_column(String(64))
    #: Bytes.
    size: Mapped[int] = mapped_column(BigInteger)
    #: How the file is read: format, encoding, delimiter, sheet.
    reading: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    header: Mapped[list[str]] = mapped_column(JSONB, default=list, server_default="[]")
    #: The same for all files with these columns; finds the mapping used last.
    header_key: Mapped[str] = mapped_column(String(64), default="", server_default="")
    #: As `core.resources.importing.mapping` describes it.
    mapping: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    mode: Mapped[str] = mapped_column(String(40), default="insert", server_default="insert")
    #: The field, or the column, that records are recognised by.
    key: Mapped[str | None] = mapped_column(String(200))
    #: clear_blank, skip_unknown, keep_authors.
    options: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    #: Of rows: read, inserted, updated, unchanged, skipped, bad; ``created``: linked records.
    counts: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    #: Rows of the file; known once it has been gone through.
    total: Mapped[int | None] = mapped_column(Integer)
    #: 0 while the file is read, then the number of the round through the rows that had to wait.
    round: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    #: How far the round has come: rows of the file, or the number of the last row that had to wait.
    position: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    #: Rows that had to wait when the round began.
    waiting: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    #: What the last dry run found.
    report: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    #: Why it failed.
    error: Mapped[str | None] = mapped_column(Text)
    change_set_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("core_change_set.id", ondelete="SET NULL")
    )
    #: The job that runs it.
    job_id: Mapped[int | None] = mapped_column(BigInteger)
    #: None for the command line.
    actor_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("core_user.id"))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    started_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class ImportRow(Model):
    """A row of a file that is not a record yet: it is bad, or waits for one further down."""

    __tablename__ = "core_import_row"
    __table_args__ = (PrimaryKeyConstraint("import_id", "number"),)

    import_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("core_import.id", ondelete="CASCADE"))
    #: Counts the rows of the file that are not blank, from 1.
    number: Mapped[int] = mapped_column(Integer)
    #: The line of the file it ends in, as people count them.
    line: Mapped[int] = mapped_column(Integer)
    cells: Mapped[list[str]] = mapped_column(JSONB)
    #: What is wrong, as `core.i18n.pack` writes texts; None while it waits.
    problems: Mapped[list[Any] | None] = mapped_column(JSONB(none_as_null=True))
