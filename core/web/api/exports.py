"""Records as a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from flask import Response, g

from core.errors import Invalid
from core.i18n import LANGUAGES, _l
from core.resources.exporting import Format
from core.resources.query import Query, read_query
from core.resources.resolver import UnknownField
from core.web.api.blueprint import bp
from core.web.api.bodies import all_parameters, names
from core.web.downloads import table_answer


@dataclass(frozen=True, slots=True)
class _Wish:
    """What the parameters of an export ask for."""

    query: Query
    form: Format
    columns: tuple[str, ...]
    language: str | None


@bp.get("/<addon>/<plural>/export")
def export() -> Response:
    """All matching records as a file, streamed."""
    wish = _read(all_parameters())
    return table_answer(g.resource, wish.query, wish.form, names=wish.columns, language=wish.language)


def _read(parameters: Mapping[str, Sequence[str]]) -> _Wish:
    """Read the parameters: ``fields`` and ``language`` are older names of ``columns`` and ``labels``."""
    given = dict(parameters)

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
    return _Wish(query, Format(form), columns, language or None)


def _one_of(name: str, value: str, known: Sequence[str]) -> str:
    if value not in known:
        sentence = _l("“%(value)s” is not one of: %(known)s.", value=value[:60], known=", ".join(known))
        raise Invalid({name: [sentence]})
    return value
