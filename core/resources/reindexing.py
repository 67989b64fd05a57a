"""Making the documents of the quick search anew: where an upgrade or an addon left records without."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final
from zlib import crc32

from sqlalchemy import delete, exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.access.actor import OPERATOR
from core.i18n import _l
from core.jobs import Work, enqueue, job
from core.resources.declaration import Resource
from core.resources.indexing import documents_of
from core.search import index
from core.search.models import SearchState

#: Raised with every change of what documents hold, so that those of older rules are made anew.
RULES: Final = 1
#: So many records are treated in one transaction.
BATCH: Final = 2000

_state = SearchState.__table__


def rebuild(
    unit: Callable[[], AbstractContextManager[Session]], resource: Resource
) -> Iterator[tuple[int, int]]:
    """Make the documents of all records of a resource anew, beside whoever writes.

    Each batch is a transaction of its own. A document that was written meanwhile is of a newer version
    and stays; so this may be stopped anywhere and begun again, and run twice at once.

    Args:
        unit: begins a transaction bound to the tenant, which commits at the end of its block.
        resource: whose records.

    Yields:
        After each batch, how many are done, of how many.
    """
    table, done, last = resource.table, 0, 0
    with unit() as session:
        total = session.scalar(select(func.count()).select_from(table)) or 0
    while True:
        with unit() as session:
            batch = select(table.c.id).where(table.c.id > last).order_by(table.c.id).limit(BATCH)
            numbers = session.scalars(batch).all()
            found = documents_of(session, resource, table.c.id.in_(numbers)) if numbers else []
            index.write(session, resource.name, found)
        if not numbers:
            break
        done, last = done + len(numbers), numbers[-1]
        yield done, max(done, total)
    with unit() as session:
        there = select(table.c.id).where(table.c.id == index.documents.c.record_id)
        own = index.documents.c.resource == resource.name
        session.execute(delete(index.documents).where(own, ~exists(there)))
        _mark(session, [resource])


def incomplete(session: Session, resources: Iterable[Resource]) -> list[Resource]:
    """Those of some resources whose records may lack documents.

    A resource without records lacks none, and counts as complete from now on.
    """
    rules = dict(session.execute(select(_state.c.resource, _state.c.rules)).all())
    open_ = [each for each in resources if each.is_searched and rules.get(each.name) != _rules_of(each)]
    empty = [each for each in open_ if session.scalar(select(each.table.c.id).limit(1)) is None]
    _mark(session, empty)
    return [each for each in open_ if each not in empty]


def complete_search(session: Session, resources: Iterable[Resource]) -> list[Resource]:
    """Let a job make the documents that are missing; called after an upgrade and when an addon comes on.

    Args:
        session: bound to one tenant; the caller commits.
        resources: what the tenant has on.

    Returns:
        The resources the job will treat.
    """
    open_ = incomplete(session, resources)
    for resource in open_:
        enqueue(
            session, "core.reindex", {"resource": resource.name},
            actor=OPERATOR, label=str(resource.title_plural), key=resource.name,
        )  # fmt: skip
    return open_


def _rules_of(resource: Resource) -> int:
    """By which rules its documents are made; others where other addons add fields to be found by."""
    added = sorted(
        field.name if lines is None else f"{lines.name}.{field.name}"
        for lines, field in resource.searched
        if field.addon != (resource if lines is None else lines.target).addon
    )
    return RULES + (1000 * (1 + crc32(" ".join(added).encode()) % 1_000_000) if added else 0)


def _mark(session: Session, resources: Sequence[Resource]) -> None:
    if resources:
        statement = insert(_state).values(
            [{"resource": each.name, "rules": _rules_of(each)} for each in resources]
        )
        newer = {"rules": statement.excluded.rules, "rebuilt_at": func.now()}
        session.execute(statement.on_conflict_do_update(index_elements=["resource"], set_=newer))


@job("core.reindex", title=_l("Rebuild the search"), lane="bulk", while_held=True)
def reindex(work: Work) -> dict[str, Any]:
    """Make the documents of one resource, or of all the tenant has on, anew."""
    name = work.arguments.get("resource")
    visible = [each for each in work.kernel.resources.visible(work.tenant) if each.is_searched]
    done = 0
    for resource in visible:
        if name not in (None, resource.name):
            continue
        made = 0
        for made, total in rebuild(work.unit, resource):
            work.progress(made, total, str(resource.title_plural))
            if work.told_to_stop:
                return {"records": done + made}
        done += made
    return {"records": done}


@job("core.complete-search", title=_l("Complete the search"), every="*/10 * * * *")
def complete(work: Work) -> dict[str, Any] | None:
    """Look for records that no document is known for, whatever has left them so."""
    with work.unit() as session:
        open_ = complete_search(session, work.kernel.resources.visible(work.tenant))
    return {"resources": [each.name for each in open_]} if open_ else None
