"""Records as a file that is sent while it is made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from flask import Response, g
from sqlalchemy.orm import Session

from core.resources.declaration import Resource
from core.resources.exporting import Format, write
from core.resources.gateway import Gateway
from core.resources.query import Query
from core.web.lifecycle import kernel


def table_answer(
    resource: Resource,
    query: Query,
    form: Format,
    *,
    names: Sequence[str] = (),
    language: str | None = None,
    title: str = "",
) -> Response:
    """All records the present actor may take out, streamed; see `core.resources.exporting.write`.

    Args:
        resource: what to write.
        query: which records, in which order.
        form: of the file.
        names: columns; every field without the lines when empty.
        language: whose labels are written; None for names and stored values.
        title: of the file, without its ending; the resource's plural by itself.

    Raises:
        NotFound, Forbidden, UnknownField, Invalid, TooManyRows: before the first byte.
    """
    # The request's own transaction ends with the first byte, so the stream reads in one of its own.
    session = kernel().database.session(g.tenant)
    try:
        pieces = write(Gateway(session, g.actor), resource, query, form, names=names, language=language)
        first = next(pieces, b"")
    except BaseException:
        session.close()
        raise
    content = _closing(session, chain([first], pieces))
    response = Response(content, content_type=form.media_type, direct_passthrough=True)
    response.call_on_close(session.close)
    name = f"{title or resource.plural_name}.{form}"
    response.headers.set("Content-Disposition", "attachment", filename=name)
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _closing(session: Session, content: Iterator[bytes]) -> Iterator[bytes]:
    """The content, its session closed with its last byte, whoever forgets to close the answer."""
    with session:
        yield from content
