"""The declarative base: one MetaData for all, one registry of mappers for each addon.

Separate registries keep the mappers of one addon working when another addon's are broken; one
MetaData lets statements and foreign keys cross addons.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, MetaData, Table
from sqlalchemy.orm import Mapped, declared_attr, mapped_column, registry

from core.db import fields
from core.i18n import _l, _lp

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

#: Addon of each package that holds models; the loader adds to it before it imports an addon.
_addon_of_package: dict[str, str] = {"core": "core"}
_registries: dict[str, registry] = {}
#: Extensions by the name of their table, as they are declared.
_extensions: dict[str, type[Extension]] = {}


def claim_package(package: str, addon: str) -> None:
    """Say that models defined below ``package`` belong to ``addon``."""
    _addon_of_package[package] = addon


def addon_of(module: str) -> str:
    """The addon whose package holds ``module``; of ``addons.<name>`` it is known without a claim.

    Raises:
        LookupError: no addon has claimed a package above it.
    """
    package = module
    while package:
        if package in _addon_of_package:
            return _addon_of_package[package]
        package = package.rpartition(".")[0]
    if module.startswith("addons."):
        return module.split(".")[1]
    raise LookupError(f"{module} lies in no package of an addon")


def tables_of(addon: str) -> Iterator[Table]:
    """The tables ``addon`` owns, parents before children."""
    return (table for table in metadata.sorted_tables if table.info.get("addon") == addon)


def extensions_of(addon: str) -> Iterator[type[Extension]]:
    """The extensions that ``addon`` makes of others' records, as they are declared."""
    return (model for model in _extensions.values() if model.__table__.info["addon"] == addon)


def configure(addon: str) -> None:
    """Connect the mappers of an addon with those they refer to.

    Raises:
        sqlalchemy.exc.InvalidRequestError: a relationship leads to nothing.
    """
    if addon in _registries:
        _registries[addon].configure(cascade=True)


def forget(addon: str) -> None:
    """Take an addon's tables and mappers out, so that nothing of a broken addon is left behind."""
    for table in [table for table in metadata.tables.values() if table.info.get("addon") == addon]:
        metadata.remove(table)
        _extensions.pop(table.name, None)
    if addon in _registries:
        _registries.pop(addon).dispose()


class Model:
    """Base of every mapped class; a subclass with a ``__tablename__`` becomes a table of its addon."""

    __table__: ClassVar[Table]
    __tablename__: str

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "__tablename__" not in cls.__dict__:
            return
        addon = addon_of(cls.__module__)
        _registries.setdefault(addon, registry(metadata=metadata)).mapped(cls)
        cls.__table__.info["addon"] = addon
        for column in cls.__table__.columns:
            word: fields.Word | None = column.info.get("word")
            if word is not None and word.choices is not None:
                allowed = ", ".join(f"'{choice.value}'" for choice in word.choices)
                cls.__table__.append_constraint(CheckConstraint(f"{column.name} in ({allowed})", column.name))
            if word is not None and word.kind is fields.Kind.TAGS:
                Index(None, column, postgresql_using="gin")


class Record(Model):
    """What every editable row has: a key, a version for optimistic locking, and its history in short."""

    id: Mapped[int] = fields.key()
    version: Mapped[int] = fields.version()
    created_at: Mapped[datetime] = fields.instant(label=_lp("field", "Created"), readonly=True, now=True)
    updated_at: Mapped[datetime] = fields.instant(label=_lp("field", "Changed"), readonly=True, now=True)
    archived_at: Mapped[datetime | None] = fields.instant(label=_lp("field", "Archived"), readonly=True)
    archived_reason: Mapped[str | None] = fields.text(300, label=_l("Reason for archiving"), readonly=True)

    @declared_attr
    def created_by_id(self) -> Mapped[int | None]:
        """Who created it; empty for the command line."""
        return fields.link("core.user", label=_l("Created by"), readonly=True, index=False)

    @declared_attr
    def updated_by_id(self) -> Mapped[int | None]:
        """Who changed it last; empty for the command line."""
        return fields.link("core.user", label=_l("Changed by"), readonly=True, index=False)


class Extension(Model):
    """Further fields of another addon's records, in a table beside theirs.

    ``class StandFacts(Extension, of="customer.customer")``; with a ``__tablename__`` of the addon's own
    and columns made by field words. The fields appear wherever those of the record do, for tenants that
    have the addon on. A record gets its row, under its own number, when something is first written in it;
    until then the columns' defaults count, so every column needs one or may be empty.
    """

    #: The resource it extends.
    __extends__: ClassVar[str]
    id: Mapped[int]

    def __init_subclass__(cls, *, of: str = "", **options: Any) -> None:
        if "__tablename__" in cls.__dict__:
            if not of:
                raise TypeError(f'{cls.__name__} does not say what it extends: Extension, of="addon.record"')
            record = ForeignKey(f"{fields.table_of(of)}.id", ondelete="CASCADE")
            cls.id = mapped_column(BigInteger, record, primary_key=True, sort_order=-100)
        super().__init_subclass__(**options)
        if of:
            cls.__extends__ = of
            _extensions[cls.__table__.name] = cls


class Owned(Model):
    """Rows that somebody is responsible for; record scopes look at the owner and the unit."""

    @declared_attr
    def owner_id(self) -> Mapped[int | None]:
        """The user responsible."""
        return fields.link("core.user", label=_l("Owner"))

    @declared_attr
    def unit_id(self) -> Mapped[int | None]:
        """The org unit it belongs to; the owner's unit unless said otherwise."""
        return fields.link("core.unit", label=_l("Unit"))
