"""The definitions of fields and kinds of records that administrators have added, and those records."""

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
    Text,
    UniqueConstraint,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.db import fields
from core.db.base import Model, Owned, Record
from core.i18n import _l


class CustomField(Model):
    """A field of a resource, added by an administrator."""

    __tablename__ = "core_custom_field"
    __table_args__ = (
        UniqueConstraint("resource", "name"),
        CheckConstraint("name ~ '^x_[a-z0-9_]{1,38}$'", "name"),
        CheckConstraint("label_zh <> '' or label_en <> ''", "has_a_label"),
    )

    id: Mapped[int] = fields.key()
    resource: Mapped[str] = mapped_column(String(100))
    #: Never changes: values, views and programs know the field by it.
    name: Mapped[str] = mapped_column(String(40))
    #: `core.db.fields.Kind`; never changes either.
    kind: Mapped[str] = mapped_column(String(20))
    label_zh: Mapped[str] = mapped_column(String(60), server_default="")
    label_en: Mapped[str] = mapped_column(String(60), server_default="")
    help_zh: Mapped[str] = mapped_column(Text, server_default="")
    help_en: Mapped[str] = mapped_column(Text, server_default="")
    #: Of a choice: ``[{"value", "zh", "en", "tone"}]`` in their order.
    options: Mapped[list[dict[str, str]]] = mapped_column(JSONB, server_default="[]")
    #: Of a link: the resource it leads to.
    target: Mapped[str | None] = mapped_column(String(100))
    is_required: Mapped[bool] = mapped_column(server_default="false")
    #: As JSON holds the field's values; null for none.
    default: Mapped[Any | None] = mapped_column(JSONB(none_as_null=True))
    sensitivity: Mapped[str] = mapped_column(String(20), server_default="internal")
    #: Found by the quick search.
    is_searched: Mapped[bool] = mapped_column(server_default="false")
    #: Filtered and sorted by often, so that it has an index.
    is_frequent: Mapped[bool] = mapped_column(server_default="false")
    #: A column of lists that nobody has arranged; a field of the short form.
    in_list: Mapped[bool] = mapped_column(server_default="false")
    in_quick_create: Mapped[bool] = mapped_column(server_default="false")
    #: A field of the form: it stands in that one's section; null for the section of the added fields.
    beside: Mapped[str | None] = mapped_column(String(60))
    position: Mapped[int] = mapped_column(Integer, server_default="0")
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    #: Put away: the field is gone from everywhere, its values stay.
    archived_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    #: Deleted: a job takes its values out of the records, then this row.
    deleted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class CustomObject(Model):
    """A kind of record that administrators have made up."""

    __tablename__ = "core_custom_object"
    __table_args__ = (
        UniqueConstraint("name"),
        CheckConstraint("name ~ '^[a-z][a-z0-9_]{0,38}$'", "name"),
        CheckConstraint("title_zh <> '' or title_en <> ''", "has_a_title"),
    )

    id: Mapped[int] = fields.key()
    #: Names the resource, ``custom.<name>``, and its address; never changes.
    name: Mapped[str] = mapped_column(String(40))
    title_zh: Mapped[str] = mapped_column(String(60), server_default="")
    title_en: Mapped[str] = mapped_column(String(60), server_default="")
    #: Of several, in English; Chinese says it with the same word.
    plural_en: Mapped[str] = mapped_column(String(60), server_default="")
    icon: Mapped[str] = mapped_column(String(40), server_default="box")
    #: ``{role: {"read": scope, "write": scope, "delete": scope}}``; what is missing is not granted.
    grants: Mapped[dict[str, dict[str, str]]] = mapped_column(JSONB, server_default="{}")
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    #: Put away: gone from everywhere, its records stay.
    archived_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    #: Deleted: a job takes its records away, then this row.
    deleted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class CustomRecord(Record, Owned):
    """A record of a made-up kind; beside its name, what it holds lies in ``custom``."""

    __tablename__ = "core_custom_record"
    __table_args__ = (Index(None, "object_id", "name_key", "id"),)

    number: Mapped[str] = fields.series("R-", "core_custom_record_number", label=_l("Number"))
    name: Mapped[str] = fields.text(200, label=_l("Name"), search=True, sort_by="name_key")
    name_key: Mapped[str] = fields.sort_key()
    object_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("core_custom_object.id"))
