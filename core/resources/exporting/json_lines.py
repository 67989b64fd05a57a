"""Records as JSON lines: one object a line, values as the API gives them."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import orjson

from core.resources.exporting.source import Source, Values

_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE


def json_pieces(source: Source) -> Iterator[bytes]:
    """The file in pieces of some hundred records.

    The members are the names of the columns, whatever the language: a choice is its stored value, an
    instant RFC 3339 in UTC, a link ``{"id", "label"}``, its label null where the record is out of reach.
    """
    names = [column.name for column in source.columns]
    for batch in source.batches():
        records = zip(*map(_members, batch), strict=True)
        yield b"".join(
            orjson.dumps(dict(zip(names, record, strict=True)), _plain, _OPTIONS) for record in records
        )


def _members(values: Values) -> list[Any]:
    if values.numbers is None:
        return list(values.shown)
    return [
        None if number is None else {"id": number, "label": None if shown is number else shown}
        for number, shown in zip(values.numbers, values.shown, strict=True)
    ]


def _plain(value: object) -> str:
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError
