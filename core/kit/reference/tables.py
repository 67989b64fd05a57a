"""The data dictionary: the tables of each addon, as they lie in a tenant's schema."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Column, Table
from sqlalchemy.dialects import postgresql

from core.addons.manifest import Manifest
from core.db.base import tables_of
from core.db.fields import word_of
from core.i18n import _, _p
from core.kit.reference.markdown import code, codes, page, plain, table


def tables_page(addon: Manifest) -> str:
    """The tables of one addon; their names begin with its own."""
    title = _("Tables of %(addon)s", addon=f"{addon.title} ({addon.name})")
    parts = (part for each in tables_of(addon.name) for part in _table(each))
    return page(title, *parts)


def _table(described: Table) -> Iterator[str]:
    yield f"## {described.name}"
    headings = (_("Column"), _("Label"), _p("column", "Type"), _("May be empty"), _("Refers to"))
    yield table(headings, (_column(each) for each in described.columns))
    indexes = sorted(described.indexes, key=lambda each: str(each.name))
    yield table(
        (_("Index"), _("Of"), _("Unique")),
        (
            (
                code(each.name),
                codes(getattr(one, "name", None) or one for one in each.expressions),
                _p("answer", "yes") if each.unique else "",
            )
            for each in indexes
        ),
    )


def _column(column: Column[object]) -> tuple[str, ...]:
    word = word_of(column)
    return (
        code(column.name),
        plain(word.label) if word is not None else "",
        code(column.type.compile(dialect=postgresql.dialect())),  # type: ignore[no-untyped-call]
        _p("answer", "yes") if column.nullable else "",
        codes(each.target_fullname for each in column.foreign_keys),
    )
