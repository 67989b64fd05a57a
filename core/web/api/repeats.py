"""Idempotency-Key on a view: the second time, the first answer."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import wraps
from typing import Any, Final

import orjson
from flask import Response, g, request

from core.resources.idempotency import Answer, Repeat, request_hash, with_guarded, without_guarded
from core.web.api.answers import encode
from core.web.api.bodies import MAX_BODY, read_body

View = Callable[..., Response]
_BLOCK: Final = 1024 * 1024


def idempotent(*, of_record: bool = False, uploads: bool = False) -> Callable[[View], View]:
    """Let a view answer a repeated key with the answer it gave before.

    Args:
        of_record: the view answers with a record, whose sensitive members are not kept.
        uploads: the body is a form with a file, which stands for the body.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapped(**address: Any) -> Response:
            key = request.headers.get("Idempotency-Key")
            if key is None:
                return view(**address)
            known = request_hash(request.method, request.full_path, _form_hash() if uploads else _body_hash())
            repeat = Repeat(g.session, g.actor, key, known)
            kept = repeat.recall()
            if kept is not None:
                return _again(kept, of_record=of_record)
            response = view(**address)
            if 200 <= response.status_code < 300:
                body = response.get_data()
                if of_record:
                    body = encode(without_guarded(g.resource, orjson.loads(body)))
                repeat.keep(Answer(response.status_code, body, response.headers.get("Location")))
            return response

        return wrapped

    return decorate


def _again(kept: Answer, *, of_record: bool) -> Response:
    if "resource" in g:  # else the view has looked before whether it is there for the caller
        g.gateway.require(g.resource, "read")
    body = kept.body
    response = Response(status=kept.status, content_type="application/json")
    if of_record:
        record = orjson.loads(body)
        body = encode(with_guarded(g.gateway, g.resource, record))
        if "version" in record:
            response.headers["ETag"] = f'"{record["version"]}"'
    response.set_data(body)
    if kept.location is not None:
        response.headers["Location"] = kept.location
    response.headers["Idempotency-Replayed"] = "true"
    return response


def _body_hash() -> str:
    return hashlib.sha256(read_body(MAX_BODY, "1 MB")).hexdigest()


def _form_hash() -> str:
    """The fields and files of a form, whatever boundary stands between them."""
    digest = hashlib.sha256()
    for name, value in sorted(request.form.items(multi=True), key=str):
        digest.update(f"{name}={value}\n".encode())
    for name, file in sorted(request.files.items(multi=True), key=_name_of):
        content = hashlib.sha256()
        while block := file.stream.read(_BLOCK):
            content.update(block)
        file.stream.seek(0)
        digest.update(f"{name}={file.filename}={content.hexdigest()}\n".encode())
    return digest.hexdigest()


def _name_of(pair: tuple[str | None, Any]) -> str:
    """The name of a part; a broken form may have parts without one."""
    return pair[0] or ""
