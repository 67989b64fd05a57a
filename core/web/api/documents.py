"""The description of the API, for programs."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Final

import orjson
from flask import Response, g

from core import __version__
from core.i18n import _, language
from core.resources.openapi import document
from core.resources.values import Habits
from core.web.api.answers import encode
from core.web.api.blueprint import bp
from core.web.api.bodies import parameters
from core.web.api.bulk import BulkSchema
from core.web.api.history import NoteSchema
from core.web.api.identity import SignInSchema
from core.web.api.imports import ImportSchema
from core.web.lifecycle import kernel

#: Documents kept in one process.
_KEPT: Final = 64
_documents: OrderedDict[tuple[Any, ...], bytes] = OrderedDict()


@bp.get("/openapi.json")
def openapi() -> Response:
    """OpenAPI 3.1 of what this tenant has on and this reader may use."""
    parameters()
    return Response(written(), content_type="application/json")


def written() -> bytes:
    """The document for the actor of this request; made once for all who read the same."""
    tenant, actor = g.tenant, g.actor
    key = (id(kernel()), tenant.id, tenant.version, tenant.addons, actor.roles, language())
    if key not in _documents:
        found = document(
            kernel().resources.visible(tenant),
            actor,
            Habits.of(tenant),
            title=_("API of %(tenant)s", tenant=tenant.name),
            version=__version__,
            shapes={
                "SignIn": SignInSchema,
                "Note": NoteSchema,
                "Bulk": BulkSchema,
                "ImportOptions": ImportSchema,
            },
        )
        _documents[key] = encode(found)
        if len(_documents) > _KEPT:
            _documents.popitem(last=False)
    return _documents[key]


def document_of_reader() -> dict[str, Any]:
    """The document as data, for the page."""
    found: dict[str, Any] = orjson.loads(written())
    return found
