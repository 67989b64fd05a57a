"""Records as a file: streamed, harmless for spreadsheets, and read back exactly by the importer.

One source gives the chosen columns batch by batch from the gateway; each format writes them its own way:

    for piece in write(gateway, resource, query, Format.CSV, names=["number", "name", "parent.number"]):
        ...
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from core.resources.declaration import Resource
from core.resources.exporting.comma_separated import BOM, csv_pieces
from core.resources.exporting.formats import Format
from core.resources.exporting.json_lines import json_pieces
from core.resources.exporting.source import Source, count_records
from core.resources.exporting.spreadsheet import require_room, xlsx_pieces
from core.resources.gateway import Gateway
from core.resources.query import Query

__all__ = ["BOM", "Format", "Source", "count_records", "write"]


def write(
    gateway: Gateway,
    resource: Resource,
    query: Query,
    form: Format,
    *,
    names: Sequence[str] = (),
    language: str | None = None,
    on_rows: Callable[[int], None] | None = None,
) -> Iterator[bytes]:
    """Write all records that match ``query``, in pieces of some hundred.

    Everything that can be refused is refused here, before the first byte.

    Args:
        gateway: of the reader; its session must stay open until the end.
        resource: what to write.
        query: its filter, search and order count; page and fields do not.
        form: of the file.
        names: columns (see `core.resources.columns`); every field without the lines when empty.
        language: whose labels stand in the header and for choices; None for names and stored values.
            JSON lines always have these.
        on_rows: is told after each batch how many records are written; may raise, which ends it.

    Raises:
        NotFound, Forbidden: the actor may not export this resource.
        UnknownField: a column, filter or order names a field that is not there or not for this reader.
        Invalid: a value or operator of the filter is not right.
        TooManyRows: a sheet of Excel holds fewer.
    """
    if form is Format.XLSX:
        require_room(count_records(gateway, resource, query))
    source = Source(gateway, resource, query, names, on_rows=on_rows)
    if form is Format.CSV:
        return csv_pieces(source, language)
    if form is Format.XLSX:
        return xlsx_pieces(source, language)
    return json_pieces(source)
