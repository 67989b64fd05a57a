"""The rows of a list as ready markup."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.i18n import _
from core.resources.declaration import Field, Resource
from core.resources.gateway import Page
from core.resources.query import Query
from core.web.display import Display, html
from core.web.lifecycle import gateway
from core.web.list_models import RowView


def page_of(resource: Resource, query: Query, shown: Sequence[Field]) -> Page:
    """One page of a list with what its rows show; not counted."""
    hints = [name for name in resource.subtitle if name in resource.fields]
    names = tuple(dict.fromkeys(("id", "archived_at", *hints, *(field.name for field in shown))))
    wanted = Query(query.where, query.q, query.sort, names, query.page, query.per_page, count=False)
    return gateway().page(resource, wanted)


def row_views(resource: Resource, page: Page, shown: Sequence[Field], display: Display) -> list[RowView]:
    """The rows of a page; the first cell names the record."""
    makers = [(field.name, display.cell(field)) for field in shown[1:]]
    views = []
    for row in page.rows:
        record = page.shape.record(row)
        hints = [_hint(record.get(name)) for name in resource.subtitle]
        name, below = record[resource.label] or _("(no name)"), " · ".join(hint for hint in hints if hint)
        title = html('<span class="gx-t1">%s</span><span class="gx-t2">%s</span>', name, below)
        cells = [title, *(make(record[name]) for name, make in makers)]
        views.append(
            RowView(record["id"], f"{resource.url}/{record['id']}", cells, record["archived_at"] is not None)
        )
    return views


def _hint(value: Any) -> str:
    return str(value.get("label") or "") if isinstance(value, dict) else str(value or "")
