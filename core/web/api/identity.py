"""Who asks: a token for a password, and what its holder is and may do."""

from __future__ import annotations

from flask import Response, g, request
from marshmallow import fields

from core.access.permissions import VERBS
from core.auth.services import WrongCredentials, check_password, count_failure, issue_token
from core.db.session import rollback
from core.i18n import _l
from core.resources.schemas import InputSchema
from core.resources.values import TextValue
from core.web.api.answers import answer
from core.web.api.blueprint import bp
from core.web.api.bodies import TEXT_MESSAGES, parameters, read_shaped
from core.web.lifecycle import kernel


class SignInSchema(InputSchema):
    """A mail address and its password."""

    email = TextValue(
        max_length=254, required=True, metadata={"title": _l("Email"), "example": "lin@example.com"}
    )
    password = fields.String(
        required=True, error_messages=TEXT_MESSAGES, metadata={"title": _l("Password"), "format": "password"}
    )


@bp.post("/auth/token")
def issue() -> Response:
    """A token for a mail address and its password."""
    parameters()
    given = read_shaped(SignInSchema())
    email, password, address = given["email"], given["password"], request.remote_addr or ""
    try:
        user_id = check_password(g.session, email, password, address=address)
    except WrongCredentials:
        # The request is undone, the count of failures must stay.
        rollback(g.session)
        with kernel().database.unit_of_work(g.tenant) as session:
            count_failure(session, email, address=address)
        raise
    issued = issue_token(g.session, user_id, name="API")
    return answer({"token": issued.token, "expires_at": issued.expires_at}, 201)


@bp.get("/me")
def me() -> Response:
    """The holder of the token, his tenant, and what he may do."""
    parameters()
    actor, tenant = g.actor, g.tenant
    permissions = {}
    for resource in kernel().resources.visible(tenant):
        verbs = [
            verb for verb in dict.fromkeys((*VERBS, *resource.verbs())) if actor.may(resource.name, verb)
        ]
        if verbs:
            permissions[resource.name] = verbs
    return answer(
        {
            "id": actor.user_id,
            "name": actor.name,
            "email": actor.email,
            "language": actor.language,
            "unit": actor.unit_id,
            "roles": sorted(actor.roles),
            "permissions": permissions,
            "tenant": {
                "slug": tenant.slug,
                "name": tenant.name,
                "language": tenant.language,
                "timezone": tenant.timezone,
                "addons": sorted(tenant.addons),
            },
        }
    )
