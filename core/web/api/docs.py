"""The page that shows the API to people: the OpenAPI document of the reader, laid out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import orjson
from flask import Blueprint, Response, render_template, request
from markupsafe import Markup, escape

from core.web.api.documents import document_of_reader, written
from core.web.shell import shell
from core.web.view_models import Option

docs = Blueprint("api_docs", __name__)

#: Tint of the tag of each method.
_TONES: Final = {"get": "info", "post": "ok", "patch": "warn", "delete": "bad"}


@docs.get("/api/docs")
def show() -> str:
    """All operations of the reader, in groups."""
    found = document_of_reader()
    groups: dict[str, dict[str, Any]] = {
        tag["name"]: {"name": tag["name"], "title": tag["description"], "operations": []}
        for tag in found["tags"]
    }
    for operation in _operations(found):
        groups[operation["tag"]]["operations"].append(operation)
    base = request.host_url.rstrip("/")
    return render_template(
        "api_docs.html", shell=shell(), info=found["info"], groups=list(groups.values()), base=base
    )


@docs.get("/api/docs/openapi.json")
def download() -> Response:
    """The document itself, for whoever is signed in with a browser."""
    return Response(written(), content_type="application/json")


def _operations(found: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for path, methods in found["paths"].items():
        shared = methods.get("parameters", [])
        for method, operation in methods.items():
            if method == "parameters":
                continue
            members, example = _body(found, operation)
            parameters = (*shared, *operation.get("parameters", ()))
            yield {
                "id": operation["operationId"],
                "tag": operation["tags"][0],
                "method_tag": Option(method, method.upper(), _TONES[method]),
                "path": path,
                "summary": operation["summary"],
                "parameters": [_explained(_resolved(found, each)) for each in parameters],
                "members": members,
                "example": example,
                "responses": [
                    (status, _prose(_resolved(found, response)["description"]))
                    for status, response in operation["responses"].items()
                ],
            }


def _body(found: Mapping[str, Any], operation: Mapping[str, Any]) -> tuple[list[dict[str, Any]], str]:
    """The members of an operation's body, and an example of it."""
    content = operation.get("requestBody", {}).get("content", {})
    for media in content.values():
        schema = _resolved(found, media["schema"])
        required = set(schema.get("required", ()))
        members = [
            {
                **_explained(_resolved(found, node)),
                "name": name,
                "required": name in required,
                "type": _type(node),
            }
            for name, node in schema.get("properties", {}).items()
        ]
        example = media.get("example")
        shown = orjson.dumps(example, option=orjson.OPT_INDENT_2).decode() if example is not None else ""
        return members, shown
    return [], ""


def _explained(node: Mapping[str, Any]) -> dict[str, Any]:
    return {**node, "prose": _prose(node.get("description", ""))}


def _prose(text: str) -> Markup:
    """A description, what stands between backticks as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped


def _resolved(found: Mapping[str, Any], node: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a reference stands for."""
    at: Any = node
    if "$ref" in node:
        at = found
        for part in node["$ref"].removeprefix("#/").split("/"):
            at = at[part]
    resolved: Mapping[str, Any] = at
    return resolved


def _type(node: Mapping[str, Any]) -> str:
    kinds = node.get("type", "object")
    kind = next(each for each in kinds if each != "null") if isinstance(kinds, list) else kinds
    return f"{kind} ({node['format']})" if "format" in node else str(kind)
