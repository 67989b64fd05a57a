"""The pieces an OpenAPI document is put together from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from core.i18n import _

Node = dict[str, Any]
#: ``(path below the API, operations by method, parameters all of them have)``.
Paths = Iterator[tuple[str, Mapping[str, Node], list[Any]]]

TEXT: Final[Node] = {"type": "string"}
NUMBER: Final[Node] = {"type": "integer"}
FLAG: Final[Node] = {"type": "boolean"}
INSTANT: Final[Node] = {"type": "string", "format": "date-time"}
FILE: Final[Node] = {"type": "string", "format": "binary"}
TEXT_OR_NULL: Final[Node] = {"type": ["string", "null"]}
NUMBER_OR_NULL: Final[Node] = {"type": ["integer", "null"]}
INSTANT_OR_NULL: Final[Node] = {"type": ["string", "null"], "format": "date-time"}

JSON: Final = "application/json"
#: Names of the refusals; all have the shape of a problem.
REFUSALS: Final[Mapping[int, str]] = {
    400: "Malformed",
    401: "Unauthenticated",
    403: "Forbidden",
    404: "NotFound",
    409: "Conflict",
    412: "StaleVersion",
    413: "TooLarge",
    415: "UnsupportedMedia",
    422: "Invalid",
    429: "TooManyRequests",
    503: "Unavailable",
    507: "StorageFull",
}
_WORDLESS: Final[Mapping[int, Callable[[], str]]] = {
    204: lambda: _("Done."),
    304: lambda: _("Not changed since the version you have."),
}


def component_name(name: str) -> str:
    """``CustomerCustomer`` for ``customer.customer``."""
    return "".join(part.title() for part in name.replace(".", "_").split("_"))


def ref(name: str) -> Node:
    """A reference to a shape."""
    return {"$ref": f"#/components/schemas/{name}"}


def shape(**members: Node) -> Node:
    """An object all of whose members are always there."""
    return {"type": "object", "properties": members, "required": list(members)}


def array(items: Node) -> Node:
    """A list."""
    return {"type": "array", "items": items}


def one_of(values: Iterable[str]) -> Node:
    """One of some words."""
    return {"type": "string", "enum": [str(value) for value in values]}


def number_in_path(name: str) -> Node:
    """The parameter a path takes in ``{name}``: the number of something."""
    return {"in": "path", "name": name, "required": True, "schema": {**NUMBER, "minimum": 1}}


def answer(description: object, schema: Node, media: str = JSON) -> Node:
    """A good answer with a body."""
    return {"description": str(description), "content": {media: {"schema": schema}}}


def body(shape: str, example: Any = None, *, required: bool = True) -> Node:
    """A JSON body of a shape."""
    media: Node = {"schema": ref(shape)}
    if example is not None:
        media["example"] = example
    return {"required": required, "content": {JSON: media}}


def operation(
    operation_id: str,
    summary: str,
    tag: str,
    *,
    answers: Mapping[int, Node | None],
    refusals: Iterable[int],
    parameters: Sequence[Any] = (),
    request: Node | None = None,
    headers: Sequence[str] = (),
) -> Node:
    """One operation.

    Args:
        operation_id: unlike any other.
        summary: in the reader's language.
        tag: its group.
        answers: by status; None for one without a body.
        refusals: statuses of `REFUSALS` it may answer.
        parameters: nodes, or names of shared ones.
        request: the body it takes.
        headers: names of the headers its good answers carry, ``ETag`` or ``Location``.
    """
    responses: Node = {}
    for status, found in answers.items():
        node: Node = dict(found) if found is not None else {"description": _WORDLESS[status]()}
        if headers and status < 300:
            node["headers"] = {name: _header(name) for name in headers}
        responses[str(status)] = node
    responses |= {str(status): REFUSALS[status] for status in sorted(refusals)}
    made: Node = {"operationId": operation_id, "summary": summary, "tags": [tag], "responses": responses}
    if parameters:
        made["parameters"] = list(parameters)
    if request is not None:
        made["requestBody"] = request
    return made


def _header(name: str) -> Node:
    texts = {"ETag": _("The version."), "Location": _("Address of what was created.")}
    return {"description": texts[name], "schema": TEXT}


def refusal(status: int) -> Node:
    """A refusal as it is described once for all operations."""
    sentences = {
        400: _("The request cannot be read."),
        401: _("No token, or not a good one."),
        403: _("You may read it, but not do this."),
        404: _("Not there, or not visible to you."),
        409: _("The present state does not allow it."),
        412: _("Changed since the version in If-Match."),
        413: _("Too large."),
        415: _("Another kind of content is expected."),
        422: _("The input breaks rules; `errors` tells which."),
        429: _("Too many attempts."),
        503: _("Not available right now."),
        507: _("No space is left."),
    }
    node: Node = answer(sentences[status], ref("Problem"), "application/problem+json")
    if status in (429, 503):
        node["headers"] = {"Retry-After": {"description": _("Seconds."), "schema": NUMBER}}
    return node
