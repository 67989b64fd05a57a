"""Asking at every address: what answers for an addon that is off, and what names it elsewhere."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import zip_longest
from typing import Any, Final

from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from core.db.session import tenant_of
from core.kernel import Kernel
from core.testing.gate.addresses import Address, addresses
from core.testing.gate.said import said_in
from core.testing.gate.traces import MARK, Callers, Traces
from core.testing.gate.words import Words

#: In place of an addon that is off, one that never was.
NOBODY: Final = "nobody"
#: What differs from one answer to the next, whatever is on.
_FLEETING: Final = re.compile(
    r"[0-9a-f]{16}\.[0-9a-f]{64}|ticket\":\"[^\"]+|[0-9a-f]{16}(?=\W)"
    r"|\d+ (?:second|minute)s? ago|\d+ 秒前|\d+ 分钟前|\d{4}-\d\d-\d\dT\d\d:\d\d(?=\")"
)
#: Questions that look through everything, with words of what was left.
_SEARCHES: Final = (f"/palette?q={MARK}", "/palette?q=lin", "/api/v1/search?q=lin", "/settings/jobs/active")
#: Rows that come and go with every request.
_RESTLESS: Final = ("core_user_session", "core_api_token", "core_sign_in_failure")


def what_routes_tell(
    app: Flask, kernel: Kernel, callers: Callers, traces: Traces, off: Collection[str]
) -> Iterator[str]:
    """Every address of what is off, asked in every way: what does not answer as if it had never been.

    For pages and records the answer is compared with that for the same address of an addon that never
    was; what is kept under a number of its own must be gone.
    """
    for address in addresses(app, kernel, traces):
        if address.addon not in off:
            continue
        for method in dict.fromkeys(("GET", *address.methods)):
            status, *rest = _plain(_call(callers, address, method, address.path), address.addon)
            twin = _twin(address)
            allowed = (404,) if method in address.methods else (404, 405)
            if status not in allowed:
                yield f"{method} {address.path} answers {status}"
            elif twin is not None:
                never = _plain(_call(callers, address, method, twin), NOBODY)
                if (status, *rest) != never:
                    yield f"{method} {address.path} answers otherwise than {twin}, of which there is nothing"


def what_pages_tell(
    app: Flask, kernel: Kernel, callers: Callers, traces: Traces, off: Collection[str], words: Words
) -> Iterator[str]:
    """Every page and document there still is, read for the words of what is off and for what was left."""
    marks = {f"{kernel.resources[name].url}/{number}" for name, number in traces.records.items()}
    gone = {mark for mark in marks if any(mark.startswith(f"/{name}/") for name in off)}
    for path, status, media_type, body in _readable(app, kernel, callers, traces, off):
        if status >= 500:
            yield f"GET {path} fails: {status}"
        heard = words.heard_in(said_in(media_type, body)) + sorted(mark for mark in gone if mark in body)
        if heard:
            yield f"GET {path} says {', '.join(heard[:8])}"


def pages_of(
    app: Flask, kernel: Kernel, callers: Callers, traces: Traces, off: Collection[str] = ()
) -> dict[str, str]:
    """All there is to be read, by its address, without what differs from one request to the next."""
    return {
        path: f"{status} {_FLEETING.sub('', body)}"
        for path, status, _media_type, body in _readable(app, kernel, callers, traces, off)
    }


def what_changed(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    """Where two readings of `pages_of` differ, each with the first line that does."""
    for path in sorted(before.keys() | after.keys()):
        old, new = before.get(path, "").splitlines(), after.get(path, "").splitlines()
        if old != new:
            pairs = zip_longest(old, new, fillvalue="")
            was, is_now = next((was, is_now) for was, is_now in pairs if was != is_now)
            yield f"{path} was {was.strip()[:300]!r} and is {is_now.strip()[:300]!r}"


def digest_of(session: Session) -> dict[str, str]:
    """What each table of the session's tenant holds, in short."""
    schema = tenant_of(session).schema
    names = session.scalars(
        text("select tablename from pg_tables where schemaname = :schema order by 1"), {"schema": schema}
    ).all()
    found = {}
    for name in names:
        if name not in _RESTLESS and not name.startswith("mig_"):
            rows = session.scalars(text(f'select t::text from "{name}" as t order by 1')).all()  # noqa: S608
            found[name] = hashlib.sha256("\n".join(rows).encode()).hexdigest()
    return found


def _readable(
    app: Flask, kernel: Kernel, callers: Callers, traces: Traces, off: Collection[str]
) -> Iterator[tuple[str, int, str, str]]:
    """Every page and document in both languages: address, status, media type and body."""
    for path, answer in _answers(app, kernel, callers, traces, off):
        yield path, answer.status_code, answer.mimetype or "", answer.text
        answer.close()


def _answers(
    app: Flask, kernel: Kernel, callers: Callers, traces: Traces, off: Collection[str]
) -> Iterator[tuple[str, TestResponse]]:
    places: Iterable[tuple[str, bool]] = [
        (address.path, address.is_program)
        for address in addresses(app, kernel, traces)
        if address.addon not in off and "GET" in address.methods
    ]
    for path, is_program in [*places, *((path, path.startswith("/api/")) for path in _SEARCHES)]:
        if is_program:
            for language in ("en", "zh"):
                yield f"{path} ({language})", callers.program.get(path, headers={"Accept-Language": language})
        else:
            for language, browser in zip(("en", "zh"), callers.browsers, strict=True):
                yield f"{path} ({language})", browser.get(path)


def _call(callers: Callers, address: Address, method: str, path: str) -> TestResponse:
    if address.is_program:
        return callers.program.call(method, path)
    browser = callers.english
    data = {"csrf_token": browser.csrf} if method != "GET" else None
    return browser.client.open(path, method=method, base_url=f"http://{browser.host}", data=data)


def _twin(address: Address) -> str | None:
    """The same address of an addon that never was; None for what is kept beside the addon's own."""
    begin = "/api/v1/" if address.is_program else "/"
    own = f"{begin}{address.addon}/"
    return address.path.replace(own, f"{begin}{NOBODY}/", 1) if address.path.startswith(own) else None


def _plain(response: TestResponse, addon: str) -> tuple[int, dict[str, str], str]:
    """An answer without what is fleeting, and without the name of what was asked for."""
    body = response.text.replace(response.headers["X-Request-Id"], "")
    response.close()
    fleeting = ("X-Request-Id", "Content-Length", "Date", "Server-Timing")
    headers: dict[str, Any] = {
        name: value.replace(f"%2F{addon}", "") for name, value in response.headers if name not in fleeting
    }
    return response.status_code, headers, _FLEETING.sub("", body).replace(addon, "")
