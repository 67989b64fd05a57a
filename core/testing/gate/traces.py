"""What an addon leaves in a tenant that uses it: records, and all that is kept of working with them."""

from __future__ import annotations

import io
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Table, func, select
from sqlalchemy.orm import Session

from core.db.base import metadata
from core.db.fields import Kind
from core.jobs import enqueue
from core.kernel import Kernel
from core.resources.declaration import Resource
from core.resources.editions import edition_of
from core.resources.reindexing import complete_search
from core.testing.clients import ApiClient, Browser
from core.testing.factories import Factory, plausible

#: A text in the note, the file and the view of every record; where it is read, something of it is told.
MARK: Final = "Zaunkoenig"


@dataclass(frozen=True)
class Callers:
    """An administrator of one tenant at every door."""

    english: Browser
    chinese: Browser
    program: ApiClient

    @property
    def browsers(self) -> tuple[Browser, Browser]:
        """The same person's pages in both languages."""
        return self.english, self.chinese


@dataclass
class Traces:
    """The numbers of what was left, by the resource it is of; jobs by their kind."""

    records: dict[str, int] = field(default_factory=dict)
    files: dict[str, int] = field(default_factory=dict)
    views: dict[str, int] = field(default_factory=dict)
    imports: dict[str, int] = field(default_factory=dict)
    exports: dict[str, int] = field(default_factory=dict)
    runs: dict[str, int] = field(default_factory=dict)
    sets: dict[str, int] = field(default_factory=dict)
    jobs: dict[str, int] = field(default_factory=dict)


def with_pages(kernel: Kernel, addons: Collection[str]) -> list[Resource]:
    """The resources of some addons that have pages of their own."""
    return [each for each in kernel.resources if each.addon in addons and not each.is_nested]


def leave_traces(
    kernel: Kernel,
    addons: Collection[str],
    callers: Callers,
    make: Factory,
    unit: Callable[[], AbstractContextManager[Session]],
    run_jobs: Callable[[], object],
) -> Traces:
    """Work with every resource of ``addons`` at every door, and leave something of everything.

    Args:
        kernel: knows the resources and jobs.
        addons: whose.
        callers: of the tenant.
        make: makes and commits records of the tenant.
        unit: gives a unit of work of the tenant.
        run_jobs: runs what waits.
    """
    found = Traces()
    for resource in with_pages(kernel, addons):
        number = make.full(resource.name)
        found.records[resource.name] = number
        _work_with(found, resource, number, make(resource.name), callers)
    with unit() as session:
        complete_search(session, with_pages(kernel, addons))
        editions = [edition_of(session).of(resource) for resource in with_pages(kernel, addons)]
    for resource in editions:
        _work_with_brought_fields(resource, found.records[resource.name], callers)
    run_jobs()
    for resource in with_pages(kernel, addons):
        answer = callers.program.post(f"{resource.path}/export")  # this one waits
        assert answer.status_code == 202, (resource.name, answer.text)
        found.jobs[f"core.export {resource.name}"] = answer.get_json()["job"]
    with unit() as session:
        for kind in kernel.jobs:
            if kind.addon in addons and kind.addon != "core":
                found.jobs[kind.name] = enqueue(session, kind.name, actor=callers.english.actor, label=MARK)
    callers.english.get("/")  # says what the last form left to be said
    return found


def _work_with_brought_fields(resource: Resource, number: int, callers: Callers) -> None:
    """Leave values of fields other addons bring: in the record, its history, views, tables, an edit of many.

    Args:
        resource: as the tenant sees it.
        number: of a record of it.
        callers: of the tenant.
    """
    program, path = callers.program, resource.path
    brought = [
        each
        for each in resource.fields.values()
        if each.addon != resource.addon and each.word.kind is not Kind.LINK and not each.word.readonly
    ]
    left = 0
    for count, each in enumerate(brought):
        value = plausible(each.word, 100 + count)
        changed = program.patch(f"{path}/{number}", json={each.name: value})
        if changed.status_code == 422:  # by a rule it goes with a value of another field only
            continue
        assert changed.status_code == 200, (each.name, changed.text)
        left += 1
        other = {each.name: plausible(each.word, 200 + count)}
        edit = {"ids": [number], "action": "update", "values": other}
        edited = program.post(f"{path}/bulk", json=edit)
        assert edited.status_code == 200, (each.name, edited.text)
        view = {"name": f"{MARK} {each.name}", "audience": "shared"}
        shown = f"columns={resource.label},{each.name}&{each.name}.isnull=false"
        kept = callers.english.post(f"{resource.url}/views/new?{shown}", view)
        assert kept.status_code == 303, (each.name, kept.text)
        exported = program.post(f"{path}/export?columns={each.name}&{each.name}.isnull=false")
        assert exported.status_code == 202, (each.name, exported.text)
    assert left or not brought, f"no field that others bring to {resource.name} takes a value"


def _work_with(found: Traces, resource: Resource, number: int, other: int, callers: Callers) -> None:
    program, name, path = callers.program, resource.name, resource.path

    def sent(url: str, expected: int = 200, **options: object) -> dict[str, int]:
        answer = program.post(f"{path}/{url}", **options)
        assert answer.status_code == expected, (name, url, answer.text)
        sent: dict[str, int] = answer.get_json()
        return sent

    sent(f"{number}/notes", 201, json={"body": MARK}, headers={"Idempotency-Key": f"{name}-note"})
    file = {"file": (io.BytesIO(MARK.encode()), f"{MARK}.txt")}
    found.files[name] = sent(f"{number}/attachments", 201, data=file)["id"]
    found.sets[name] = sent("bulk", json={"ids": [other], "action": "archive"})["change_set"]
    found.runs[name] = sent("bulk", 202, json={"ids": [other], "action": "restore", "background": True})[
        "run"
    ]
    found.exports[name] = sent("export", 202)["export"]
    table = program.get(f"{path}/export?columns={resource.label}")
    assert table.status_code == 200, (name, table.text)
    given = {
        "file": (io.BytesIO(table.data), f"{MARK}.csv"),
        "options": '{"dry_run": true, "skip_unknown": true}',
    }
    found.imports[name] = sent("import", 202, data=given)["import"]
    browser = callers.english
    kept = browser.post(f"{resource.url}/views/new", {"name": MARK, "audience": "shared"})
    assert kept.status_code == 303, (name, kept.text)
    found.views[name] = int(kept.headers["Location"].rpartition("=")[2])
    widths = browser.post(f"{resource.url}/views/widths", {"widths": f'{{"{resource.label}": 200}}'})
    assert widths.status_code < 400, (name, widths.text)


def naming_tables() -> Iterator[Table]:
    """The tables of the core that keep the name of a resource."""
    for table in metadata.sorted_tables:
        if table.info.get("addon", "core") == "core" and "resource" in table.c:
            yield table


def untouched(session: Session, kernel: Kernel, addons: Collection[str]) -> list[str]:
    """The tables of the core that could hold something of ``addons`` and hold nothing: what was not tried."""
    names = [each.name for each in kernel.resources if each.addon in addons]
    return [
        table.name
        for table in naming_tables()
        if not session.scalar(select(func.count()).where(table.c.resource.in_(names)))
    ]


def suggested(resource: Resource) -> str:
    """A field of a resource that values are suggested for; its label where it has none."""
    kinds = (Kind.PICK, Kind.TAGS)
    return next((each.name for each in resource.fields.values() if each.word.kind in kinds), resource.label)
