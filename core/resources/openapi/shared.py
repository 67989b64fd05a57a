"""Shapes and parameters that belong to no single resource."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.i18n import LANGUAGES, _
from core.resources.duplicates import Likeness
from core.resources.exporting import Format
from core.resources.gateway import BUCKETS, MEASURES
from core.resources.openapi.nodes import (
    FLAG,
    INSTANT,
    NUMBER,
    NUMBER_OR_NULL,
    TEXT,
    TEXT_OR_NULL,
    Node,
    array,
    one_of,
    ref,
    shape,
)
from core.resources.query import DEFAULT_PER_PAGE, MAX_PAGE, MAX_PER_PAGE
from core.resources.searching import MAX_HITS
from core.resources.values import MAX_KEY


def page_of(items: Node) -> Node:
    """One page of a list."""
    total = {**NUMBER_OR_NULL, "description": _("Null with `count=no`.")}
    following = {**TEXT_OR_NULL, "description": _("The `cursor` of the next page; null at the end.")}
    return shape(items=array(items), total=total, page=NUMBER, per_page=NUMBER, next=following)


def shared_shapes() -> Mapping[str, Node]:
    """Every shape by its name."""
    problem = shape(type=TEXT, title=TEXT, status=NUMBER, code=TEXT, detail=TEXT, request_id=TEXT)
    problem["properties"]["errors"] = {
        "type": "object",
        "description": _("Sentences by field; lines are addressed like `phones.0.number`."),
        "additionalProperties": array(TEXT),
    }
    author = {"anyOf": [ref("Link"), {"type": "null"}]}
    channel = {
        **TEXT_OR_NULL,
        "description": _(
            "How a change came in: `form`, `api`, `import`, `bulk`, `undo`, `job`, `command`, `sample`,"
            " `seed`, or a way an addon declares; null for notes and files, and where nobody knows."
        ),
    }
    entry = shape(
        id=NUMBER,
        kind=TEXT,
        channel=channel,
        body=TEXT_OR_NULL,
        changes={
            "type": ["object", "null"],
            "description": _("The values before and after, by field."),
            "additionalProperties": {"type": "array", "minItems": 2, "maxItems": 2},
        },
        created_at=INSTANT,
        created_by=author,
        attachment={
            "anyOf": [shape(name=TEXT, size=NUMBER, media_type=TEXT, url=TEXT), {"type": "null"}],
        },
    )
    return {
        "Problem": problem,
        "Link": shape(id=NUMBER, label=TEXT_OR_NULL),
        "Groups": shape(groups=array({"type": "object"}), total=NUMBER),
        "Views": shape(
            items=array(
                shape(
                    id=NUMBER,
                    name=TEXT,
                    audience=one_of(("private", "shared", "role")),
                    role=TEXT_OR_NULL,
                    default={**FLAG, "description": _("Opens first for you.")},
                    query={
                        "type": "object",
                        "description": _("What it shows; `filter`, `q` and `sort` as a list takes them."),
                        "properties": {
                            "filter": {"type": "object"},
                            "q": TEXT,
                            "sort": array(TEXT),
                            "columns": array(TEXT),
                            "widths": {"type": "object", "additionalProperties": NUMBER},
                            "group": array(TEXT),
                            "totals": {"type": "object", "additionalProperties": TEXT},
                            "per_page": NUMBER,
                        },
                    },
                    missing={
                        **shape(columns=NUMBER, conditions=NUMBER, settings=NUMBER),
                        "description": _("How much of it is not available to you."),
                    },
                )
            )
        ),
        "Duplicates": shape(
            items=array(
                shape(
                    resource=TEXT,
                    id=NUMBER,
                    label=TEXT,
                    hint=TEXT,
                    archived=FLAG,
                    alike={
                        "type": "object",
                        "description": _("In what way each field is alike; the strongest first."),
                        "additionalProperties": one_of(Likeness),
                    },
                )
            )
        ),
        "Search": shape(
            groups=array(
                shape(
                    resource=TEXT,
                    title=TEXT,
                    items=array(shape(id=NUMBER, label=TEXT, hint=TEXT)),
                    has_more={**FLAG, "description": _("A list with the same `q` has the rest.")},
                )
            )
        ),
        "TimelineEntry": entry,
        "Timeline": shape(items=array(ref("TimelineEntry")), next=NUMBER_OR_NULL),
        "Origins": shape(
            fields={
                "type": "object",
                "additionalProperties": shape(channel=channel, file=TEXT_OR_NULL, at=INSTANT, by=author),
            }
        ),
        "Token": shape(token=TEXT, expires_at=INSTANT),
        "Me": shape(
            id=NUMBER,
            name=TEXT,
            email=TEXT,
            language=TEXT_OR_NULL,
            unit=NUMBER_OR_NULL,
            roles=array(TEXT),
            permissions={"type": "object", "additionalProperties": array(TEXT)},
            tenant=shape(slug=TEXT, name=TEXT, language=TEXT, timezone=TEXT, addons=array(TEXT)),
        ),
    }


def _whole(low: int, high: int | None = None, default: int | None = None) -> Node:
    bounds: Node = {"type": "integer", "minimum": low, "maximum": high, "default": default}
    return {name: value for name, value in bounds.items() if value is not None}


def _parameter(place: str, description: str, schema: Node | None = None, example: Any = None) -> Node:
    node: Node = {"in": place, "description": description, "schema": schema or TEXT}
    if example is not None:
        node["example"] = example
    return node


def _query(description: str, schema: Node | None = None, example: Any = None) -> Node:
    return _parameter("query", description, schema, example)


def _in_path(description: str) -> Node:
    return {**_parameter("path", description, _whole(1, MAX_KEY)), "required": True}


def shared_parameters() -> Mapping[str, Node]:
    """Every parameter by its name in the document; a header stands under a name of its own."""
    tree = '{"or": [{"field": "id", "op": "gt", "value": 10}, {"field": "id", "value": 3}]}'
    conditions = _query(
        _(
            "Conditions by `field.operator`, also on linked records: `owner.name.contains`. Operators are "
            "eq, ne, gt, gte, lt, lte, in (with commas), contains, startswith and isnull (true or false)."
        ),
        {"type": "object", "additionalProperties": TEXT},
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
        "id": _in_path(_("Number of the record.")),
        "entry": _in_path(_("Number of the timeline entry.")),
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
        "count": _query(_("`no` leaves the total out."), one_of(("yes", "no"))),
        "group": _query(grouped, None, "created_at:month"),
        "measures": _query(measured, None, "count"),
        "format": _query(_("The kind of file."), {**one_of(Format), "default": "csv"}),
        "columns": _query(
            _("Columns with commas between: fields, and those of links and lines."),
            None,
            "number,name,parent.number,phones.number",
        ),
        "labels": _query(
            _("Language of headers and choices; without it, names and stored values."), one_of(LANGUAGES)
        ),
        "purge": _query(_("`true` deletes for good."), one_of(("true", "false"))),
        "without": _query(_("The record that is being changed, to leave it out."), _whole(1, MAX_KEY)),
        "before": _query(_("Only entries older than the one with this number."), _whole(0, MAX_KEY)),
        "kinds": _query(_("Only entries of these kinds, with commas between."), None, "note,attachment"),
        "IfMatch": _parameter("header", _("The version the change is based on."), None, '"3"'),
        "IfNoneMatch": _parameter("header", _("The version you have."), None, '"3"'),
        "IdempotencyKey": _parameter("header", again, None, "order-4711"),
    }
    headers = {"IfMatch": "If-Match", "IfNoneMatch": "If-None-Match", "IdempotencyKey": "Idempotency-Key"}
    return {name: {"name": headers.get(name, name), **node} for name, node in found.items()}
