"""Shapes and parameters that belong to no single resource."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.i18n import LANGUAGES, _
from core.resources.duplicates import Likeness
from core.resources.gateway import BUCKETS, MEASURES
from core.resources.openapi.nodes import Node, ref
from core.resources.query import DEFAULT_PER_PAGE, MAX_PAGE, MAX_PER_PAGE
from core.resources.searching import MAX_HITS
from core.resources.values import MAX_KEY


def shape(**properties: Node) -> Node:
    """An object all of whose members are always there."""
    return {"type": "object", "properties": properties, "required": list(properties)}


def array(items: Node) -> Node:
    """A list."""
    return {"type": "array", "items": items}


def page_of(items: Node) -> Node:
    """One page of a list."""
    number, text = {"type": "integer"}, {"type": ["string", "null"]}
    total = {"type": ["integer", "null"], "description": _("Null with `count=no`.")}
    following = {**text, "description": _("The `cursor` of the next page; null at the end.")}
    return shape(items=array(items), total=total, page=number, per_page=number, next=following)


def shared_shapes() -> Mapping[str, Node]:
    """Every shape by its name."""
    text, number, instant = {"type": "string"}, {"type": "integer"}, {"type": "string", "format": "date-time"}
    text_or_null, number_or_null = {"type": ["string", "null"]}, {"type": ["integer", "null"]}
    problem = shape(type=text, title=text, status=number, code=text, detail=text, request_id=text)
    problem["properties"]["errors"] = {
        "type": "object",
        "description": _("Sentences by field; lines are addressed like `phones.0.number`."),
        "additionalProperties": array(text),
    }
    entry = shape(
        id=number,
        kind=text,
        body=text_or_null,
        changes={
            "type": ["object", "null"],
            "description": _("The values before and after, by field."),
            "additionalProperties": {"type": "array", "minItems": 2, "maxItems": 2},
        },
        created_at=instant,
        created_by={"anyOf": [ref("Link"), {"type": "null"}]},
        attachment={
            "anyOf": [shape(name=text, size=number, media_type=text, url=text), {"type": "null"}],
        },
    )
    return {
        "Problem": problem,
        "Link": shape(id=number, label=text_or_null),
        "Groups": shape(groups=array({"type": "object"}), total=number),
        "Views": shape(
            items=array(
                shape(
                    id=number,
                    name=text,
                    audience=_one_of("private", "shared", "role"),
                    role=text_or_null,
                    default={"type": "boolean", "description": _("Opens first for you.")},
                    query={
                        "type": "object",
                        "description": _("What it shows; `filter`, `q` and `sort` as a list takes them."),
                        "properties": {
                            "filter": {"type": "object"},
                            "q": text,
                            "sort": array(text),
                            "columns": array(text),
                            "widths": {"type": "object", "additionalProperties": number},
                            "group": array(text),
                            "totals": {"type": "object", "additionalProperties": text},
                            "per_page": number,
                        },
                    },
                    missing={
                        **shape(columns=number, conditions=number, settings=number),
                        "description": _("How much of it is not available to you."),
                    },
                )
            )
        ),
        "Duplicates": shape(
            items=array(
                shape(
                    resource=text,
                    id=number,
                    label=text,
                    hint=text,
                    archived={"type": "boolean"},
                    alike={
                        "type": "object",
                        "description": _("In what way each field is alike; the strongest first."),
                        "additionalProperties": {"type": "string", "enum": [*Likeness]},
                    },
                )
            )
        ),
        "Search": shape(
            groups=array(
                shape(
                    resource=text,
                    title=text,
                    items=array(shape(id=number, label=text, hint=text)),
                    has_more={"type": "boolean", "description": _("A list with the same `q` has the rest.")},
                )
            )
        ),
        "TimelineEntry": entry,
        "Timeline": shape(items=array(ref("TimelineEntry")), next=number_or_null),
        "Token": shape(token=text, expires_at=instant),
        "Me": shape(
            id=number,
            name=text,
            email=text,
            language=text_or_null,
            unit=number_or_null,
            roles=array(text),
            permissions={"type": "object", "additionalProperties": array(text)},
            tenant=shape(slug=text, name=text, language=text, timezone=text, addons=array(text)),
        ),
    }


def _whole(low: int, high: int | None = None, default: int | None = None) -> Node:
    bounds: Node = {"type": "integer", "minimum": low, "maximum": high, "default": default}
    return {name: value for name, value in bounds.items() if value is not None}


def _parameter(place: str, description: str, schema: Node | None = None, example: Any = None) -> Node:
    node: Node = {"in": place, "description": description, "schema": schema or {"type": "string"}}
    if example is not None:
        node["example"] = example
    return node


def _query(description: str, schema: Node | None = None, example: Any = None) -> Node:
    return _parameter("query", description, schema, example)


def _path(description: str) -> Node:
    return {**_parameter("path", description, _whole(1, MAX_KEY)), "required": True}


def _one_of(*values: str) -> Node:
    return {"type": "string", "enum": list(values)}


def shared_parameters() -> Mapping[str, Node]:
    """Every parameter by its name in the document; a header stands under a name of its own."""
    tree = '{"or": [{"field": "id", "op": "gt", "value": 10}, {"field": "id", "value": 3}]}'
    conditions = _query(
        _(
            "Conditions by `field.operator`, also on linked records: `owner.name.contains`. Operators are "
            "eq, ne, gt, gte, lt, lte, in (with commas), contains, startswith and isnull (true or false)."
        ),
        {"type": "object", "additionalProperties": {"type": "string"}},
        {"id.gt": "10"},
    )
    buckets, measures = ", ".join(BUCKETS), ", ".join(MEASURES)
    grouped = _(
        "Fields to group by, with commas; days and instants take %(buckets)s behind a colon.", buckets=buckets
    )
    measured = _("`count`, or a field and %(measures)s behind a colon.", measures=measures)
    again = _(
        "A key of your own for this request. Sent again within 24 hours it gets the same answer, "
        "and nothing is done twice."
    )
    found = {
        "id": {**_parameter("path", _("Number of the record."), _whole(1, MAX_KEY)), "required": True},
        "entry": {
            **_parameter("path", _("Number of the timeline entry."), _whole(1, MAX_KEY)),
            "required": True,
        },
        "q": _query(_("Quick search: every word must occur.")),
        "resources": _query(_("Names of resources with commas; empty for all."), None, "core.user"),
        "limit": _query(_("So many records of each resource."), _whole(1, MAX_HITS, 5)),
        "filter": _query(_("A filter as JSON: and, or, not, or a field with op and value."), None, tree),
        "conditions": {**conditions, "style": "form", "explode": True},
        "sort": _query(_("Fields to sort by, `-` before a descending one."), None, "-id"),
        "page": _query(_("Number of the page."), _whole(1, MAX_PAGE, 1)),
        "per_page": _query(_("Records on a page."), _whole(1, MAX_PER_PAGE, DEFAULT_PER_PAGE)),
        "cursor": _query(_("The `next` of the page before; faster than page numbers.")),
        "fields": _query(_("Only these fields, with commas between."), None, "id"),
        "count": _query(_("`no` leaves the total out."), _one_of("yes", "no")),
        "group": _query(grouped, None, "created_at:month"),
        "measures": _query(measured, None, "count"),
        "format": _query(_("The kind of file."), {**_one_of("csv", "xlsx", "jsonl"), "default": "csv"}),
        "columns": _query(
            _("Columns with commas between: fields, and those of links and lines."),
            None,
            "number,name,parent.number,phones.number",
        ),
        "labels": _query(
            _("Language of headers and choices; without it, names and stored values."), _one_of(*LANGUAGES)
        ),
        "purge": _query(_("`true` deletes for good."), _one_of("true", "false")),
        "without": _query(_("The record that is being changed, to leave it out."), _whole(1, MAX_KEY)),
        "before": _query(_("Only entries older than the one with this number."), _whole(0, MAX_KEY)),
        "kinds": _query(_("Only entries of these kinds, with commas between."), None, "note,attachment"),
        "IfMatch": _parameter("header", _("The version the change is based on."), None, '"3"'),
        "IfNoneMatch": _parameter("header", _("The version you have."), None, '"3"'),
        "IdempotencyKey": _parameter("header", again, None, "order-4711"),
    }
    headers = {"IfMatch": "If-Match", "IfNoneMatch": "If-None-Match", "IdempotencyKey": "Idempotency-Key"}
    return {name: {"name": headers.get(name, name), **node} for name, node in found.items()}
