"""The operations on records of one resource."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any, Final

from marshmallow import Schema

from core.access.actor import Actor
from core.db.fields import Kind
from core.i18n import _
from core.resources.declaration import Resource
from core.resources.duplicates import recognised_by
from core.resources.filters import OPERATORS
from core.resources.openapi.exports import file_answer
from core.resources.openapi.imports import import_request
from core.resources.openapi.kinds import example_of
from core.resources.openapi.nodes import (
    FILE,
    TEXT,
    Node,
    Paths,
    answer,
    body,
    component_name,
    operation,
    ref,
)
from core.resources.resolver import Answer, Resolver
from core.resources.service import ArchiveSchema

_READING: Final = (400, 401, 404, 422, 503)
_CHANGING: Final = (400, 401, 403, 404, 409, 413, 415, 422, 503)
_REMOVING: Final = (400, 401, 403, 404, 409, 412, 422, 503)
#: Kinds that an example leaves out where it may: other records, the state or an addon's rules decide
#: what fits there.
_NO_EXAMPLE: Final = (Kind.LINK, Kind.INSTANT, Kind.TEXT, Kind.MULTILINE)


class RecordPaths:
    """What one reader may do with the records of one resource.

    Args:
        resource: one he may read.
        actor: the reader.
        resolver: of the reader.
        taken: parameters that mean the same with every resource; fields of these names have none.
        shape_of: describes a schema under a name once, and tells the name it has.
    """

    def __init__(
        self,
        resource: Resource,
        actor: Actor,
        resolver: Resolver,
        *,
        taken: Collection[str],
        shape_of: Callable[[type[Schema], str], str],
    ) -> None:
        self.resource = resource
        self.name = component_name(resource.name)
        self._actor = actor
        self._resolver = resolver
        self._taken = taken
        self._shape_of = shape_of

    def all(self) -> Paths:
        """Everything there is to do with them."""
        yield from self._list()
        yield from self._summaries()
        yield from self._many()
        yield from self._one()
        if self.resource.has_timeline:
            yield from self._history()
        yield from self._actions()

    def _may(self, *verbs: str) -> bool:
        return any(self._actor.may(self.resource.name, verb) for verb in verbs)

    def _operation(self, verb: str, title: str, **parts: Any) -> Node:
        """An operation in the group of the resource."""
        name = self.resource.name
        return operation(f"{verb}_{name.replace('.', '_')}", title, name, **parts)

    def _list(self) -> Paths:
        resource, name = self.resource, self.name
        one, many = resource.title, resource.title_plural
        chosen = ("q", "filter", *self._filters())
        operations = {
            "get": self._operation(
                "list",
                _("List: %(title)s", title=many),
                answers={200: answer(_("One page."), ref(f"{name}Page"))},
                refusals=_READING,
                parameters=(*chosen, "sort", "page", "per_page", "cursor", "fields", "count"),
            )
        }
        if self._may("create"):
            operations["post"] = self._operation(
                "create",
                _("Create: %(title)s", title=one),
                answers={201: answer(one, ref(name))},
                refusals=_CHANGING,
                parameters=("IdempotencyKey",),
                request=body(f"{name}Input", self._example()),
                headers=("Location", "ETag"),
            )
        yield resource.path, operations, []

    def _summaries(self) -> Paths:
        """What a list comes to, and how people look at it."""
        resource, many = self.resource, self.resource.title_plural
        chosen = ("q", "filter", *self._filters())
        groups = self._operation(
            "aggregate",
            _("Group and count: %(title)s", title=many),
            answers={200: answer(_("The groups."), ref("Groups"))},
            refusals=_READING,
            parameters=("group", "measures", *chosen),
        )
        yield f"{resource.path}/aggregate", {"get": groups}, []
        kept = self._operation(
            "views",
            _("Views: %(title)s", title=many),
            answers={200: answer(_("The views you may open, in your order."), ref("Views"))},
            refusals=_READING,
        )
        yield f"{resource.path}/views", {"get": kept}, []
        if recognised_by(resource):
            alike = self._operation(
                "duplicates",
                _("Find duplicates: %(title)s", title=many),
                answers={200: answer(_("What looks alike, at most five."), ref("Duplicates"))},
                refusals=_READING,
                parameters=(*self._likenesses(), "without"),
            )
            yield f"{resource.path}/duplicates", {"get": alike}, []

    def _many(self) -> Paths:
        """Many records at once: from a file, into one, or changed alike."""
        resource, many = self.resource, self.resource.title_plural
        chosen = ("q", "filter", *self._filters())
        if self._may("import"):
            sent = self._operation(
                "import",
                _("Import: %(title)s", title=many),
                answers={202: answer(_("The import, done by a job."), ref("ImportBegun"))},
                refusals=(*_CHANGING, 507),
                parameters=("IdempotencyKey",),
                request=import_request(),
                headers=("Location",),
            )
            yield f"{resource.path}/import", {"post": sent}, []
        if self._may("export"):
            table = self._operation(
                "export",
                _("Export: %(title)s", title=many),
                answers={200: file_answer()},
                refusals=(*_READING, 403, 409, 507),
                parameters=("format", "columns", "labels", "sort", *chosen),
            )
            later = self._operation(
                "export_later",
                _("Export by a job: %(title)s", title=many),
                answers={202: answer(_("The export; its file is the caller's alone."), ref("ExportBegun"))},
                refusals=(*_READING, 403, 409),
                parameters=("format", "columns", "labels", "sort", *chosen, "IdempotencyKey"),
                headers=("Location",),
            )
            yield f"{resource.path}/export", {"get": table, "post": later}, []
        if self._may("update", "delete"):
            bulk = self._operation(
                "bulk",
                _("Change many: %(title)s", title=many),
                answers={
                    200: answer(_("What it came to, or would come to."), ref("BulkAnswer")),
                    202: answer(_("A job does it."), ref("BulkBegun")),
                },
                refusals=_CHANGING,
                parameters=("IdempotencyKey",),
                request=body("Bulk", {"ids": [1, 2], "action": "archive", "values": {}}),
            )
            yield f"{resource.path}/bulk", {"post": bulk}, []

    def _one(self) -> Paths:
        resource, name = self.resource, self.name
        record = answer(resource.title, ref(name))
        operations = {
            "get": self._operation(
                "read",
                _("Read: %(title)s", title=resource.title),
                answers={200: record, 304: None},
                refusals=_READING,
                parameters=("fields", "IfNoneMatch"),
                headers=("ETag",),
            )
        }
        if self._may("update"):
            operations["patch"] = self._operation(
                "change",
                _("Change: %(title)s", title=resource.title),
                answers={200: record},
                refusals=(*_CHANGING, 412),
                parameters=("IfMatch",),
                request=body(f"{name}Change", self._example(short=True)),
                headers=("ETag",),
            )
        if self._may("update", "delete"):
            operations["delete"] = self._operation(
                "delete",
                _("Archive or delete: %(title)s", title=resource.title),
                answers={204: None},
                refusals=_REMOVING,
                parameters=("purge", "IfMatch"),
            )
        yield f"{resource.path}/{{id}}", operations, ["id"]

    def _history(self) -> Paths:
        record = f"{self.resource.path}/{{id}}"
        history = self._operation(
            "timeline",
            _("History"),
            answers={200: answer(_("Entries, newest first."), ref("Timeline"))},
            refusals=_READING,
            parameters=("before", "kinds"),
        )
        yield f"{record}/timeline", {"get": history}, ["id"]
        origins = self._operation(
            "origins",
            _("Where the values come from"),
            answers={200: answer(_("By field; of what is not known there is nothing."), ref("Origins"))},
            refusals=_READING,
        )
        yield f"{record}/origins", {"get": origins}, ["id"]
        note = self._operation(
            "note",
            _("Write a note"),
            answers={201: answer(_("The note."), ref("TimelineEntry"))},
            refusals=_CHANGING,
            parameters=("IdempotencyKey",),
            request=body("Note", {"body": _("Wants an offer before Friday.")}),
        )
        yield f"{record}/notes", {"post": note}, ["id"]
        form = {"type": "object", "required": ["file"], "properties": {"file": FILE}}
        attach = self._operation(
            "attach",
            _("Attach a file"),
            answers={201: answer(_("The file's entry."), ref("TimelineEntry"))},
            refusals=(*_CHANGING, 507),
            parameters=("IdempotencyKey",),
            request={"required": True, "content": {"multipart/form-data": {"schema": form}}},
            headers=("Location",),
        )
        yield f"{record}/attachments", {"post": attach}, ["id"]
        download = self._operation(
            "download",
            _("Download a file"),
            answers={200: answer(_("The file."), FILE, "application/octet-stream")},
            refusals=_READING,
        )
        for place, title, operations in (
            ("attachments", _("Take back a file"), {"get": download}),
            ("notes", _("Take back a note"), {}),
        ):
            back = self._operation(f"delete_{place}", title, answers={204: None}, refusals=_REMOVING)
            yield f"{record}/{place}/{{entry}}", {**operations, "delete": back}, ["id", "entry"]

    def _actions(self) -> Paths:
        resource, name = self.resource, self.name
        known: list[tuple[str, str, type[Schema] | None]] = []
        if self._may("update"):
            known = [("archive", _("Archive"), ArchiveSchema), ("restore", _("Restore"), None)]
        own = [(each.name, str(each.title), each.schema) for each in resource.actions if self._may(each.verb)]
        for action, title, schema in (*known, *own):
            request: Node | None = None
            if schema is not None:
                needed = any(field.required for field in schema().fields.values())
                request = body(self._shape_of(schema, f"{name}{component_name(action)}"), required=needed)
            done = self._operation(
                action,
                f"{title}: {resource.title}",
                answers={200: answer(resource.title, ref(name))},
                refusals=_CHANGING,
                parameters=("IdempotencyKey",),
                request=request,
                headers=("ETag",),
            )
            yield f"{resource.path}/{{id}}/actions/{action}", {"post": done}, ["id"]

    def _filters(self) -> Iterator[Node | str]:
        """A parameter for each field, and one for the other operators and for linked records."""
        for field in self._resolver.visible(self.resource):
            operators = OPERATORS[field.word.kind]
            if "eq" in operators and field.name not in self._taken:
                others = ", ".join(f"`{field.name}.{op}`" for op in operators if op != "eq")
                text = _("%(label)s; also %(others)s", label=field.label, others=others)
                yield {"in": "query", "name": field.name, "schema": TEXT, "description": text}
        yield "conditions"

    def _likenesses(self) -> Iterator[Node]:
        """A parameter for each field by which records are recognised."""
        for field in (self.resource.fields[name] for name in recognised_by(self.resource)):
            if self._resolver.answer(field) is Answer.OPEN:
                yield {"in": "query", "name": field.name, "schema": TEXT, "description": field.label}

    def _example(self, *, short: bool = False) -> Node:
        """A body with what the form asks for; a short one with what is needed."""
        shown = {name for section in self.resource.form for name in section.fields} or set(
            self.resource.fields
        )
        writable = (field for field in self._resolver.visible(self.resource) if not field.word.readonly)
        values = {
            field.name: example_of(field.word)
            for field in writable
            if field.is_required or (not short and field.name in shown and field.word.kind not in _NO_EXAMPLE)
        }
        return values if short else {**values, **self.resource.example}
