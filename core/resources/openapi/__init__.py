"""The OpenAPI 3.1 document of the API: exactly the resources, fields and verbs one reader may use.

What is sent is described by the marshmallow schemas that check it; what is answered, by the kind of
each field. Nothing is written down twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema

from core.access.actor import Actor
from core.db.fields import Kind
from core.i18n import _
from core.resources.declaration import Field, Resource
from core.resources.duplicates import recognised_by
from core.resources.filters import OPERATORS
from core.resources.openapi.exports import TAG as EXPORTS
from core.resources.openapi.exports import export_paths, export_shapes, file_answer
from core.resources.openapi.imports import TAG as IMPORTS
from core.resources.openapi.imports import import_paths, import_request, import_shapes
from core.resources.openapi.jobs import TAG, job_paths, job_shapes
from core.resources.openapi.kinds import INPUT_TYPES, describe_input, example_of, output
from core.resources.openapi.nodes import (
    FILE,
    NUMBER,
    REFUSALS,
    TEXT,
    Node,
    answer,
    array,
    body,
    operation,
    ref,
    refusal,
)
from core.resources.openapi.shared import page_of, shared_parameters, shared_shapes
from core.resources.resolver import Answer, Resolver
from core.resources.schemas import input_schema
from core.resources.service import ArchiveSchema
from core.resources.values import Habits

_READING: Final = (400, 401, 404, 422, 503)
_CHANGING: Final = (400, 401, 403, 404, 409, 413, 415, 422, 503)
_REMOVING: Final = (400, 401, 403, 404, 409, 412, 422, 503)
#: Kinds that an example leaves out where it may: other records, the state or an addon's rules decide
#: what fits there.
_NO_EXAMPLE: Final = (Kind.LINK, Kind.INSTANT, Kind.TEXT, Kind.MULTILINE)


def document(
    resources: Iterable[Resource],
    actor: Actor,
    habits: Habits,
    *,
    title: str,
    version: str,
    shapes: Mapping[str, type[Schema]],
) -> Node:
    """The document for one reader, in the language in force.

    Args:
        resources: what the tenant has on.
        actor: the reader.
        habits: of the tenant.
        title: of the document.
        version: of the program.
        shapes: schemas of the bodies that belong to no resource: ``SignIn``, ``Note`` and ``Bulk``.
    """
    writer = _Writer(actor, habits, title, version, {**shapes, "Archive": ArchiveSchema})
    writer.identity()
    writer.search()
    writer.jobs()
    writer.imports()
    writer.exports()
    for resource in resources:
        if actor.may(resource.name, "read"):
            writer.resource(resource)
    found: Node = writer.spec.to_dict()
    return found


def component_name(name: str) -> str:
    """``CustomerCustomer`` for ``customer.customer``."""
    return "".join(part.title() for part in name.replace(".", "_").split("_"))


class _Writer:
    def __init__(
        self, actor: Actor, habits: Habits, title: str, version: str, shapes: Mapping[str, type[Schema]]
    ) -> None:
        self.actor = actor
        self.habits = habits
        self.resolver = Resolver(actor)
        plugin = MarshmallowPlugin()
        info = {"description": _about()}
        self.spec = APISpec(title, version, "3.1.0", plugins=[plugin], info=info, security=[{"token": []}])
        assert plugin.converter is not None
        plugin.converter.field_mapping.update(INPUT_TYPES)
        plugin.converter.add_attribute_function(describe_input)  # type: ignore[no-untyped-call]
        self.parameters = shared_parameters()
        token = _("A token of `POST /auth/token`.")
        components = self.spec.components
        components.security_scheme("token", {"type": "http", "scheme": "bearer", "description": token})
        #: Names of the shapes made of marshmallow schemas.
        self.shapes: dict[type[Schema], str] = {}
        for name, schema in shapes.items():
            self._shape(schema, name)
        for name, node in shared_shapes().items():
            components.schema(name, node)
        for name, node in self.parameters.items():
            components.parameter(name, node["in"], node)
        for status, name in REFUSALS.items():
            components.response(name, refusal(status))

    def identity(self) -> None:
        """What concerns the reader himself."""
        tag = "identity"
        self.spec.tag({"name": tag, "description": _("Who you are")})
        request = body("SignIn", {"email": "lin@example.com", "password": "…"})
        issue = operation(
            "issue_token",
            _("Get a token"),
            tag,
            answers={201: answer(_("The token."), ref("Token"))},
            refusals=(400, 401, 404, 413, 415, 422, 429, 503),
            request=request,
        )
        self._path("auth/token", {"post": {**issue, "security": []}})
        for address, key, title, node in (
            ("me", "me", _("Who the token belongs to"), answer(_("The holder of the token."), ref("Me"))),
            ("openapi.json", "openapi", _("This document"), answer("OpenAPI 3.1", {"type": "object"})),
        ):
            refusals = (401, 404, 422, 503)
            self._path(address, {"get": operation(key, title, tag, answers={200: node}, refusals=refusals)})

    def jobs(self) -> None:
        """Background work."""
        self.spec.tag({"name": TAG, "description": _("Background jobs")})
        for name, node in job_shapes().items():
            self.spec.components.schema(name, node)
        for path, operations, parameters in job_paths():
            self._path(path, operations, parameters)

    def search(self) -> None:
        """The quick search through everything the reader may read."""
        tag = "search"
        self.spec.tag({"name": tag, "description": _("Quick search")})
        find = operation(
            "search",
            _("Search everything"),
            tag,
            answers={200: answer(_("What matches, the group with the best match first."), ref("Search"))},
            refusals=_READING,
            parameters=("q", "resources", "limit"),
        )
        self._path("search", {"get": find})

    def imports(self) -> None:
        """Files that become records."""
        self.spec.tag({"name": IMPORTS, "description": _("Imports")})
        for name, node in import_shapes().items():
            self.spec.components.schema(name, node)
        for path, operations, parameters in import_paths():
            self._path(path, operations, parameters)

    def exports(self) -> None:
        """Records that become files, and edits of many."""
        self.spec.tag({"name": EXPORTS, "description": _("Exports and edits of many")})
        for name, node in export_shapes().items():
            self.spec.components.schema(name, node)
        for path, operations, parameters in export_paths():
            self._path(path, operations, parameters)

    def resource(self, resource: Resource) -> None:
        """All operations of one resource that this reader may use."""
        self.spec.tag({"name": resource.name, "description": str(resource.title_plural)})
        self._shapes(resource)
        self._many(resource)
        self._one(resource)
        if resource.has_timeline:
            self._history(resource)
        self._actions(resource)

    # Paths

    def _path(self, path: str, operations: Mapping[str, Node], parameters: Sequence[str] = ()) -> None:
        shared: list[Any] = list(parameters)
        self.spec.path(f"/api/v1/{path}", operations=dict(operations), parameters=shared)

    def _may(self, resource: Resource, *verbs: str) -> bool:
        return any(self.actor.may(resource.name, verb) for verb in verbs)

    def _many(self, resource: Resource) -> None:
        name, key, tag = component_name(resource.name), resource.name.replace(".", "_"), resource.name
        one, many = resource.title, resource.title_plural
        chosen = ("q", "filter", *self._filters(resource))
        operations = {
            "get": operation(
                f"list_{key}",
                _("List: %(title)s", title=many),
                tag,
                answers={200: answer(_("One page."), ref(f"{name}Page"))},
                refusals=_READING,
                parameters=(*chosen, "sort", "page", "per_page", "cursor", "fields", "count"),
            )
        }
        if self._may(resource, "create"):
            operations["post"] = operation(
                f"create_{key}",
                _("Create: %(title)s", title=one),
                tag,
                answers={201: answer(one, ref(name))},
                refusals=_CHANGING,
                parameters=("IdempotencyKey",),
                request=body(f"{name}Input", self._example(resource)),
                headers=("Location", "ETag"),
            )
        self._path(resource.path, operations)
        groups = operation(
            f"aggregate_{key}",
            _("Group and count: %(title)s", title=many),
            tag,
            answers={200: answer(_("The groups."), ref("Groups"))},
            refusals=_READING,
            parameters=("group", "measures", *chosen),
        )
        self._path(f"{resource.path}/aggregate", {"get": groups})
        kept = operation(
            f"views_{key}",
            _("Views: %(title)s", title=many),
            tag,
            answers={200: answer(_("The views you may open, in your order."), ref("Views"))},
            refusals=_READING,
        )
        self._path(f"{resource.path}/views", {"get": kept})
        if recognised_by(resource):
            alike = operation(
                f"duplicates_{key}",
                _("Find duplicates: %(title)s", title=many),
                tag,
                answers={200: answer(_("What looks alike, at most five."), ref("Duplicates"))},
                refusals=_READING,
                parameters=(*self._likenesses(resource), "without"),
            )
            self._path(f"{resource.path}/duplicates", {"get": alike})
        if self._may(resource, "import"):
            sent = operation(
                f"import_{key}",
                _("Import: %(title)s", title=many),
                tag,
                answers={202: answer(_("The import, done by a job."), ref("ImportBegun"))},
                refusals=(*_CHANGING, 507),
                parameters=("IdempotencyKey",),
                request=import_request(),
                headers=("Location",),
            )
            self._path(f"{resource.path}/import", {"post": sent})
        if self._may(resource, "export"):
            table = operation(
                f"export_{key}",
                _("Export: %(title)s", title=many),
                tag,
                answers={200: file_answer()},
                refusals=(*_READING, 403, 409, 507),
                parameters=("format", "columns", "labels", "sort", *chosen),
            )
            later = operation(
                f"export_later_{key}",
                _("Export by a job: %(title)s", title=many),
                tag,
                answers={202: answer(_("The export; its file is the caller's alone."), ref("ExportBegun"))},
                refusals=(*_READING, 403, 409),
                parameters=("format", "columns", "labels", "sort", *chosen, "IdempotencyKey"),
                headers=("Location",),
            )
            self._path(f"{resource.path}/export", {"get": table, "post": later})
        if self._may(resource, "update", "delete"):
            bulk = operation(
                f"bulk_{key}",
                _("Change many: %(title)s", title=many),
                tag,
                answers={
                    200: answer(_("What it came to, or would come to."), ref("BulkAnswer")),
                    202: answer(_("A job does it."), ref("BulkBegun")),
                },
                refusals=_CHANGING,
                parameters=("IdempotencyKey",),
                request=body("Bulk", {"ids": [1, 2], "action": "archive", "values": {}}),
            )
            self._path(f"{resource.path}/bulk", {"post": bulk})

    def _one(self, resource: Resource) -> None:
        name, key, tag = component_name(resource.name), resource.name.replace(".", "_"), resource.name
        record = answer(resource.title, ref(name))
        operations = {
            "get": operation(
                f"read_{key}",
                _("Read: %(title)s", title=resource.title),
                tag,
                answers={200: record, 304: None},
                refusals=_READING,
                parameters=("fields", "IfNoneMatch"),
                headers=("ETag",),
            )
        }
        if self._may(resource, "update"):
            operations["patch"] = operation(
                f"change_{key}",
                _("Change: %(title)s", title=resource.title),
                tag,
                answers={200: record},
                refusals=(*_CHANGING, 412),
                parameters=("IfMatch",),
                request=body(f"{name}Change", self._example(resource, short=True)),
                headers=("ETag",),
            )
        if self._may(resource, "update", "delete"):
            operations["delete"] = operation(
                f"delete_{key}",
                _("Archive or delete: %(title)s", title=resource.title),
                tag,
                answers={204: None},
                refusals=_REMOVING,
                parameters=("purge", "IfMatch"),
            )
        self._path(f"{resource.path}/{{id}}", operations, ["id"])

    def _history(self, resource: Resource) -> None:
        key, tag, record = resource.name.replace(".", "_"), resource.name, f"{resource.path}/{{id}}"
        history = operation(
            f"timeline_{key}",
            _("History"),
            tag,
            answers={200: answer(_("Entries, newest first."), ref("Timeline"))},
            refusals=_READING,
            parameters=("before", "kinds"),
        )
        self._path(f"{record}/timeline", {"get": history}, ["id"])
        note = operation(
            f"note_{key}",
            _("Write a note"),
            tag,
            answers={201: answer(_("The note."), ref("TimelineEntry"))},
            refusals=_CHANGING,
            parameters=("IdempotencyKey",),
            request=body("Note", {"body": _("Wants an offer before Friday.")}),
        )
        self._path(f"{record}/notes", {"post": note}, ["id"])
        form = {"type": "object", "required": ["file"], "properties": {"file": FILE}}
        attach = operation(
            f"attach_{key}",
            _("Attach a file"),
            tag,
            answers={201: answer(_("The file's entry."), ref("TimelineEntry"))},
            refusals=(*_CHANGING, 507),
            parameters=("IdempotencyKey",),
            request={"required": True, "content": {"multipart/form-data": {"schema": form}}},
            headers=("Location",),
        )
        self._path(f"{record}/attachments", {"post": attach}, ["id"])
        download = operation(
            f"download_{key}",
            _("Download a file"),
            tag,
            answers={200: answer(_("The file."), FILE, "application/octet-stream")},
            refusals=_READING,
        )
        for place, title, operations in (
            ("attachments", _("Take back a file"), {"get": download}),
            ("notes", _("Take back a note"), {}),
        ):
            back = operation(f"delete_{place}_{key}", title, tag, answers={204: None}, refusals=_REMOVING)
            self._path(f"{record}/{place}/{{entry}}", {**operations, "delete": back}, ["id", "entry"])

    def _actions(self, resource: Resource) -> None:
        name, tag = component_name(resource.name), resource.name
        known: list[tuple[str, str, type[Schema] | None]] = []
        if self._may(resource, "update"):
            known = [("archive", _("Archive"), ArchiveSchema), ("restore", _("Restore"), None)]
        own = [
            (each.name, str(each.title), each.schema)
            for each in resource.actions
            if self._may(resource, each.verb)
        ]
        for action, title, schema in (*known, *own):
            request: Node | None = None
            if schema is not None:
                needed = any(field.required for field in schema().fields.values())
                request = body(self._shape(schema, f"{name}{component_name(action)}"), required=needed)
            done = operation(
                f"{action}_{resource.name.replace('.', '_')}",
                f"{title}: {resource.title}",
                tag,
                answers={200: answer(resource.title, ref(name))},
                refusals=_CHANGING,
                parameters=("IdempotencyKey",),
                request=request,
                headers=("ETag",),
            )
            self._path(f"{resource.path}/{{id}}/actions/{action}", {"post": done}, ["id"])

    def _filters(self, resource: Resource) -> Iterator[Node | str]:
        """A parameter for each field, and one for the other operators and for linked records."""
        for field in self.resolver.visible(resource):
            operators = OPERATORS[field.word.kind]
            if "eq" in operators and field.name not in self.parameters.keys() - {"id"}:
                others = ", ".join(f"`{field.name}.{op}`" for op in operators if op != "eq")
                text = _("%(label)s; also %(others)s", label=field.label, others=others)
                yield {"in": "query", "name": field.name, "schema": TEXT, "description": text}
        yield "conditions"

    def _likenesses(self, resource: Resource) -> Iterator[Node]:
        """A parameter for each field by which records are recognised."""
        for field in (resource.fields[name] for name in recognised_by(resource)):
            if self.resolver.answer(field) is Answer.OPEN:
                yield {"in": "query", "name": field.name, "schema": TEXT, "description": field.label}

    # Shapes

    def _shape(self, schema: type[Schema], name: str) -> str:
        """The name of the shape of a schema, which is described once."""
        if schema not in self.shapes:
            self.shapes[schema] = name
            self.spec.components.schema(name, schema=schema)
        return self.shapes[schema]

    def _shapes(self, resource: Resource) -> None:
        name = component_name(resource.name)
        flat = {field.name: output(field) for field in self.resolver.visible(resource)}
        lines = {
            each.name: array(self._line(each.target, each.via)) for each in resource.lines_fields.values()
        }
        whole = {**flat, "version": NUMBER, **lines}
        components = self.spec.components
        components.schema(f"{name}Item", {"type": "object", "properties": flat})
        components.schema(name, {"type": "object", "properties": whole})
        components.schema(f"{name}Page", page_of(ref(f"{name}Item")))
        schema = input_schema(resource, self.resolver, self.habits)
        if self._may(resource, "create"):
            components.schema(f"{name}Input", schema=schema)
        if self._may(resource, "update"):
            components.schema(f"{name}Change", schema=type(schema)(partial=True))

    def _line(self, target: Resource, via: Field) -> Node:
        shown = (
            field
            for field in self.resolver.visible(target)
            if field is not via and (field.name == "id" or not field.word.readonly)
        )
        return {"type": "object", "properties": {field.name: output(field) for field in shown}}

    def _example(self, resource: Resource, *, short: bool = False) -> Node:
        """A body with what the form asks for; a short one with what is needed."""
        shown = {name for section in resource.form for name in section.fields} or set(resource.fields)
        writable = (field for field in self.resolver.visible(resource) if not field.word.readonly)
        values = {
            field.name: example_of(field.word)
            for field in writable
            if field.is_required or (not short and field.name in shown and field.word.kind not in _NO_EXAMPLE)
        }
        return values if short else {**values, **resource.example}


def _about() -> str:
    return _(
        "Records of every kind are listed, read, created and changed in the same way. Money is a string "
        "with its currency beside it; instants are RFC 3339 in UTC; days are YYYY-MM-DD; a link is an "
        "object with id and label when read, and the number when written."
    )
