"""Records as a file: streamed, or made by a job and fetched later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from flask import Response, g

from core.errors import Invalid
from core.i18n import LANGUAGES, _l
from core.resources.exporting import Format
from core.resources.exporting.runs import Wish, ask_for, discard, export_of, exports_of
from core.resources.query import read_query
from core.resources.resolver import UnknownField
from core.web.api.answers import answer, empty
from core.web.api.blueprint import bp
from core.web.api.bodies import all_parameters, names, parameters
from core.web.api.repeats import idempotent
from core.web.downloads import file_answer, table_answer
from core.web.lifecycle import kernel


@bp.get("/<addon>/<plural>/export")
def export() -> Response:
    """All matching records as a file, streamed."""
    return table_answer(g.resource, _read(all_parameters()))


@bp.post("/<addon>/<plural>/export")
@idempotent()
def export_later() -> Response:
    """Let a job make the file; it is the caller's alone and can be fetched for three days."""
    number, job_id = ask_for(g.gateway, g.resource, _read(all_parameters()))
    body = {"job": job_id, "export": number, "url": f"/api/v1/exports/{number}/file"}
    return answer(body, 202, f"/api/v1/jobs/{job_id}")


@bp.get("/exports")
def exports() -> Response:
    """What the caller has asked for, newest first."""
    parameters()
    return answer({"items": [_shown(each) for each in exports_of(g.session, g.actor)]})


@bp.get("/exports/<int:number>")
def one_export(number: int) -> Response:
    """One of the caller's exports."""
    parameters()
    return answer(_shown(export_of(g.session, g.actor, number)))


@bp.get("/exports/<int:number>/file")
def export_file(number: int) -> Response:
    """The file of one of the caller's exports."""
    parameters()
    return file_answer(number)


@bp.delete("/exports/<int:number>")
def discard_export(number: int) -> Response:
    """Throw an export away, its file and its job too."""
    parameters()
    discard(g.session, g.actor, number, kernel().config)
    return empty()


def _shown(found: Mapping[str, Any]) -> dict[str, Any]:
    names = ("id", "resource", "format", "state", "rows", "size", "total", "created_at", "expires_at")
    shown = {name: found[name] for name in names}
    is_there = found["state"] == "done"
    url = f"/api/v1/exports/{found['id']}/file" if is_there else None
    return shown | {"job": found["job_id"], "url": url}


def _read(sent: Mapping[str, Sequence[str]]) -> Wish:
    """Read the parameters: ``fields`` and ``language`` are older names of ``columns`` and ``labels``."""
    given = dict(sent)

    def last(*known: str) -> str:
        found = [value for name in known for value in reversed(given.pop(name, ())) if value]
        return found[0] if found else ""

    form = _one_of("format", last("format") or Format.CSV, tuple(Format))
    language = last("labels", "language")
    if language:
        _one_of("labels", language, LANGUAGES)
    columns = names(last("columns", "fields"))
    sort = given.pop("sort", None)
    for name in ("page", "per_page", "cursor", "count"):
        if name in given:
            raise UnknownField(name)
    query = replace(read_query(given), sort=read_query({"sort": sort}).sort if sort else ())
    return Wish(query, Format(form), columns, language or None)


def _one_of(name: str, value: str, known: Sequence[str]) -> str:
    if value not in known:
        sentence = _l("“%(value)s” is not one of: %(known)s.", value=value[:60], known=", ".join(known))
        raise Invalid({name: [sentence]})
    return value
