"""What the pages of this addon read from an address or a posted form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import request
from marshmallow import Schema, ValidationError

from core.errors import Invalid, NotFound
from core.resources.declaration import Resource, resource_of
from core.resources.schemas import flat_errors
from core.web.lifecycle import gateway
from core.web.pages.request import number_in


def load_posted(schema: type[Schema], posted: Mapping[str, Any]) -> dict[str, Any]:
    """What was posted, as a schema reads it.

    Raises:
        Invalid: it does not fit.
    """
    values = {name: value for name, value in posted.items() if name != "csrf_token"}
    try:
        loaded: dict[str, Any] = schema().load(values)
    except ValidationError as error:
        raise Invalid(flat_errors(error)) from error
    return loaded


def linked(model: type[Any], name: str) -> int | None:
    """The record named in the address, which the reader must reach.

    Raises:
        NotFound: it is not there, or out of reach.
    """
    text = request.args.get(name, "")
    if not text:
        return None
    number = number_in(text)
    if number is None or number not in gateway().reached(resource_of(model), [number]):
        raise NotFound
    return number


def name_of(resource: Resource, number: int | None) -> str:
    """What a record is called; empty for none and for one out of reach."""
    return "" if number is None else gateway().labels(resource, [number]).get(number, "")
