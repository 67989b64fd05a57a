"""The OpenAPI 3.1 document of the API: exactly the resources, fields and verbs one reader may use.

What is sent is described by the marshmallow schemas that check it; what is answered, by the kind of
each field. Nothing is written down twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema

from core.access.actor import Actor
from core.i18n import _
from core.resources.declaration import Field, Resource
from core.resources.openapi import exports, imports, jobs
from core.resources.openapi.kinds import INPUT_TYPES, describe_input, output
from core.resources.openapi.nodes import (
    NUMBER,
    REFUSALS,
    Node,
    Paths,
    answer,
    array,
    body,
    component_name,
    operation,
    ref,
    refusal,
)
from core.resources.openapi.records import RecordPaths
from core.resources.openapi.shared import page_of, shared_parameters, shared_shapes
from core.resources.resolver import Resolver
from core.resources.schemas import input_schema
from core.resources.service import ArchiveSchema
from core.resources.values import Habits


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
    writer.part(jobs.TAG, _("Background jobs"), jobs.job_shapes(), jobs.job_paths())
    writer.part(imports.TAG, _("Imports"), imports.import_shapes(), imports.import_paths())
    writer.part(exports.TAG, _("Exports and edits of many"), exports.export_shapes(), exports.export_paths())
    for resource in resources:
        if actor.may(resource.name, "read"):
            writer.resource(resource)
    found: Node = writer.spec.to_dict()
    return found


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

    def search(self) -> None:
        """The quick search through everything the reader may read."""
        tag = "search"
        self.spec.tag({"name": tag, "description": _("Quick search")})
        find = operation(
            "search",
            _("Search everything"),
            tag,
            answers={200: answer(_("What matches, the group with the best match first."), ref("Search"))},
            refusals=(400, 401, 404, 422, 503),
            parameters=("q", "resources", "limit"),
        )
        self._path("search", {"get": find})

    def part(self, tag: str, title: str, shapes: Mapping[str, Node], paths: Paths) -> None:
        """A group of operations that belong to no resource."""
        self.spec.tag({"name": tag, "description": title})
        for name, node in shapes.items():
            self.spec.components.schema(name, node)
        self._paths(paths)

    def resource(self, resource: Resource) -> None:
        """All operations of one resource that this reader may use."""
        self.spec.tag({"name": resource.name, "description": str(resource.title_plural)})
        self._shapes(resource)
        taken = self.parameters.keys() - {"id"}
        paths = RecordPaths(resource, self.actor, self.resolver, taken=taken, shape_of=self._shape)
        self._paths(paths.all())

    def _paths(self, paths: Paths) -> None:
        for path, operations, parameters in paths:
            self.spec.path(f"/api/v1/{path}", operations=dict(operations), parameters=parameters)

    def _path(self, path: str, operations: Node) -> None:
        self._paths(iter([(path, operations, [])]))

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
        if self.actor.may(resource.name, "create"):
            components.schema(f"{name}Input", schema=schema)
        if self.actor.may(resource.name, "update"):
            components.schema(f"{name}Change", schema=type(schema)(partial=True))

    def _line(self, target: Resource, via: Field) -> Node:
        shown = (
            field
            for field in self.resolver.visible(target)
            if field is not via and (field.name == "id" or not field.word.readonly)
        )
        return {"type": "object", "properties": {field.name: output(field) for field in shown}}


def _about() -> str:
    return _(
        "Records of every kind are listed, read, created and changed in the same way. Money is a string "
        "with its currency beside it; instants are RFC 3339 in UTC; days are YYYY-MM-DD; a link is an "
        "object with id and label when read, and the number when written."
    )
