"""Writing answers: compact JSON straight from rows, with version tags and addresses."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import orjson
from babel.support import LazyProxy
from flask import Response, g, request

from core.resources.declaration import Resource


def encode(data: object) -> bytes:
    """``data`` as JSON; instants in UTC with a Z, decimals and lazy texts as strings."""
    return orjson.dumps(data, default=_plain, option=orjson.OPT_UTC_Z)


def _plain(value: object) -> str:
    if isinstance(value, Decimal | LazyProxy):
        return str(value)
    raise TypeError


def answer(data: object, status: int = 200, location: str | None = None) -> Response:
    """A JSON answer."""
    response = Response(encode(data), status, content_type="application/json")
    if location is not None:
        response.headers["Location"] = location
    return response


def empty() -> Response:
    """The answer when there is nothing to say."""
    return Response(status=204)


def record_answer(record: Mapping[str, Any], status: int = 200, location: str | None = None) -> Response:
    """One record, its version as the tag; not sent again to a reader who has this version."""
    version = record.get("version")
    if version is None:
        return answer(record, status, location)
    tag = f'"{version}"'
    if request.method in ("GET", "HEAD") and _has(tag):
        response = Response(status=304)
    else:
        response = answer(record, status, location)
    response.headers["ETag"] = tag
    return response


def _has(tag: str) -> bool:
    known = [each.strip().removeprefix("W/") for each in request.headers.get("If-None-Match", "").split(",")]
    return tag in known or "*" in known


def address(resource: Resource, *parts: object) -> str:
    """Where something of a resource lives, as an absolute path."""
    return "/".join(("/api/v1", resource.path, *map(str, parts)))


def present(record_id: int, fields: tuple[str, ...] = ()) -> dict[str, Any]:
    """One record of the resource that is asked for."""
    found: dict[str, Any] = g.gateway.get(g.resource, record_id, fields)
    return found
