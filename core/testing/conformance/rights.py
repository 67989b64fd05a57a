"""One reader at every door: what is told to him beyond what his rights reach."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.access.actor import Actor
from core.access.policy import Policy
from core.db.fields import Sensitivity
from core.resources.declaration import Resource
from core.testing.clients import ApiClient, Browser


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody with a role, at pages and with a program."""

    role: str
    browser: Browser
    program: ApiClient

    @property
    def actor(self) -> Actor:
        """Who he is."""
        return self.browser.actor


def what_leaks(session: Session, resource: Resource, reader: Reader) -> Iterator[str]:
    """Every door that gives a reader a record, or a field, that is not for him, or keeps one from him.

    Args:
        session: of the tenant, to look at all there is.
        resource: what to ask for.
        reader: who asks.
    """
    rows = [dict(row) for row in session.execute(select(resource.table)).mappings()]
    mine = {row["id"] for row in rows if is_readable(session, resource, reader.actor, row)}
    if reader.actor.may(resource.name, "read"):
        doors = _given(resource, reader, rows)
    else:
        doors = _refused(resource, reader)
    for door, found in doors:
        if found != mine:
            said = f"gives {sorted(found - mine)} too" if found - mine else f"lacks {sorted(mine - found)}"
            yield f"{resource.name} for {reader.role}: {door} {said}"
    for row in rows:
        answers = [
            reader.program.get(f"{resource.path}/{row['id']}{what}") for what in ("", "/timeline", "/origins")
        ]
        answers.append(reader.browser.get(f"{resource.url}/{row['id']}"))
        wanted = 200 if row["id"] in mine else 404
        for answer in answers:
            if answer.status_code != wanted:
                yield f"{resource.name} for {reader.role}: {answer.request.path} answers {answer.status_code}"
    if mine:
        yield from _secrets(resource, reader, min(mine))


def is_readable(session: Session, resource: Resource, actor: Actor, row: Mapping[str, Any]) -> bool:
    """Whether an actor's roles reach a row, by itself or through what it is readable through."""
    if not actor.may(resource.name, "read"):
        return False
    if Policy(actor, resource.name, "read", resource.is_owned).decide(row).allowed:
        return True
    for name in resource.readable_links:
        link = resource.fields[name]
        assert link.target is not None
        table = link.target.table
        target = session.execute(select(table).where(table.c.id == row[link.key])).mappings().first()
        if target is not None and is_readable(session, link.target, actor, dict(target)):
            return True
    return False


def _given(resource: Resource, reader: Reader, rows: list[dict[str, Any]]) -> Iterator[tuple[str, set[int]]]:
    """Doors to somebody who may read some of it, each with the records it gives him."""
    program, browser, path = reader.program, reader.browser, resource.path
    listed = program.get(f"{path}?per_page=500").get_json()
    found = {item["id"] for item in listed["items"]}
    yield "the list", found
    yield "the total", found if listed["total"] == len(found) else set()
    groups = program.get(f"{path}/aggregate?group=id&measures=count").get_json()["groups"]
    yield "the aggregate", {group["id"] for group in groups}
    page = browser.get(resource.url).text
    yield "the page", {row["id"] for row in rows if f'{resource.url}/{row["id"]}"' in page}
    looked_up = browser.get(f"{resource.url}/lookup").get_json()["items"]
    yield "the look-up", {item["id"] for item in looked_up}
    answer = program.get(f"{path}/export?format=jsonl&columns=id")
    if reader.actor.may(resource.name, "export"):
        lines = answer.data.splitlines()
        answer.close()
        yield "the export", {orjson.loads(line)["id"] for line in lines}
    elif answer.status_code != 403:
        yield f"the export, which answers {answer.status_code},", set()
    if resource.is_searched:
        hit: set[int] = set()
        for row in rows:
            label = quote(str(row[resource.label_field.key])[:60])
            answer = program.get(f"search?resources={resource.name}&limit=50&q={label}")
            hit |= {item["id"] for group in answer.get_json()["groups"] for item in group["items"]}
        yield "the search", hit


def _refused(resource: Resource, reader: Reader) -> Iterator[tuple[str, set[int]]]:
    """Doors to somebody who may not read it at all: each must be closed, as if it were not there."""
    program, path = reader.program, resource.path
    for what in ("", "/aggregate?measures=count", "/export", "/views", "/duplicates"):
        answer = program.get(f"{path}{what}")
        if answer.status_code != 404:
            yield f"{what or 'the list'}, which answers {answer.status_code},", {0}
    for what in ("", "/new", "/lookup", "/import", "/export/new", "/count"):
        answer = reader.browser.get(f"{resource.url}{what}")
        if answer.status_code != 404:
            yield f"the page {what}, which answers {answer.status_code},", {0}
    if resource.is_searched and program.get(f"search?q=a&resources={resource.name}").status_code != 422:
        yield "the search", {0}


def _secrets(resource: Resource, reader: Reader, number: int) -> Iterator[str]:
    """The secret fields that some door gives to somebody who is no administrator."""
    if reader.actor.is_administrator:
        return
    path = resource.path
    for field in resource.fields.values():
        if field.word.sensitivity is not Sensitivity.SECRET:
            continue
        name = field.name
        record = reader.program.get(f"{path}/{number}").get_json()
        asked = (
            f"{path}?fields={name}", f"{path}?sort={name}", f"{path}?{name}.isnull=false",
            f"{path}/aggregate?group={name}&measures=count", f"{path}/export?columns={name}",
        )  # fmt: skip
        open_ = [each for each in asked if reader.program.get(each).status_code < 400]
        if name in record or open_:
            yield f"{resource.name}.{name} is secret, and {reader.role} gets it from {open_ or 'the record'}"
