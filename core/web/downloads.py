"""Records as a file: sent while it is made, or made before by a job."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from urllib.parse import quote

from flask import Response, g, send_file
from sqlalchemy.orm import Session

from core.i18n import _, language, speaking
from core.resources.declaration import Resource
from core.resources.exporting import Format, write
from core.resources.exporting.runs import Wish, open_export
from core.resources.gateway import Gateway
from core.resources.importing.bad_rows import write_bad_rows
from core.resources.importing.runs import Run
from core.web.lifecycle import kernel, streamed


def table_answer(resource: Resource, wish: Wish, *, title: str = "") -> Response:
    """All records the present actor may take out, streamed; see `core.resources.exporting.write`.

    Args:
        resource: what to write.
        wish: which records, as what.
        title: of the file, without its ending; the resource's plural by itself.

    Raises:
        NotFound, Forbidden, UnknownField, Invalid, TooManyRows: before the first byte.
    """
    # The request's own transaction ends with the first byte, so the stream reads in one of its own.
    session = kernel().database.session(g.tenant)
    try:
        pieces = write(
            Gateway(session, g.actor), resource, wish.query, wish.form,
            names=wish.names, language=wish.language,
        )  # fmt: skip
        first = next(pieces, b"")
    except BaseException:
        session.close()
        raise
    content = _closing(session, chain([first], pieces))
    response = Response(content, content_type=wish.form.media_type, direct_passthrough=True)
    response.call_on_close(session.close)
    response.headers["Content-Disposition"] = saved_as(f"{title or resource.plural_name}.{wish.form}")
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def saved_as(name: str) -> str:
    """The header that lets a browser save an answer under ``name``, in whatever script (RFC 6266)."""
    plain = name.encode("ascii", "ignore").decode().replace('"', "").strip(" -")
    if plain == name:
        return f'attachment; filename="{name}"'
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def file_answer(number: int) -> Response:
    """The file of one of the present actor's exports, for saving only.

    Raises:
        NotFound: it is not his, not there yet, or no more.
    """
    found, path = open_export(g.session, g.actor, number, kernel().config)
    response = send_file(
        path,
        mimetype=Format(found["format"]).media_type,
        as_attachment=True,
        download_name=f"{found['title']}.{found['format']}",
        conditional=True,
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _closing(session: Session, content: Iterator[bytes]) -> Iterator[bytes]:
    """The content, its session closed with its last byte, whoever forgets to close the answer."""
    with session:
        yield from content


def bad_rows_answer(run: Run) -> Response:
    """The rows of an import that could not be imported, with the reasons in the reader's language."""
    pieces = _spoken(write_bad_rows(g.session, run), language())
    response = Response(streamed(pieces), content_type="text/csv; charset=utf-8", direct_passthrough=True)
    stem = run.file_name.rpartition(".")[0] or run.file_name
    response.headers["Content-Disposition"] = saved_as(_("%(file)s bad rows.csv", file=stem))
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _spoken(pieces: Iterator[bytes], code: str) -> Iterator[bytes]:
    """Pieces made when the request is over, in the language it was asked in."""
    while True:
        with speaking(code):
            piece = next(pieces, None)
        if piece is None:
            return
        yield piece
