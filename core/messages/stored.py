"""The words of templates as a tenant has them: what it has changed, and what is supplied otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Final

import orjson
from marshmallow import ValidationError
from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from core.access.actor import Actor
from core.auth.models import User
from core.errors import Forbidden, Invalid, StaleVersion
from core.i18n import LANGUAGES, Lazy, _l
from core.messages.declaration import THING, VERB, Template, Texts
from core.messages.models import KeptTemplate
from core.messages.tags import BadTag, check_tag, tags_in
from core.resources.declaration import Field, Resource
from core.resources.gateway import Gateway
from core.resources.values import TextValue, first_message

MAX_SUBJECT: Final = 200
MAX_TEXT: Final = 10_000
#: Names that a message about a wrong tag offers.
_OFFERED: Final = 8

_kept = KeptTemplate.__table__
_user = User.__table__
#: Somebody who saved in between has another version; nobody has saved where there is no row.
_KEEP: Final = text("""
    insert into core_message_template as kept (addon, name, texts, updated_by_id)
    select :addon, :name, cast(:texts as jsonb), :user
    where :version = 0 or exists (select from core_message_template where addon = :addon and name = :name)
    on conflict (addon, name) do update set texts = excluded.texts, version = kept.version + 1,
        updated_at = now(), updated_by_id = excluded.updated_by_id
    where kept.version = :version
    returning version
""")


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of a template."""

    #: 0 where nobody has saved yet.
    version: int = 0
    updated_at: datetime | None = None
    #: Who saved last; empty where nobody has, or it was the command line.
    by: str = ""
    #: The languages whose words differ from what is supplied.
    texts: Mapping[str, Texts] = field(default_factory=dict)


def kept_of(session: Session, template: Template) -> Kept:
    """What the tenant of ``session`` has made of a template."""
    return all_kept(session, template.addon, template.name).get(template.id, Kept())


def all_kept(session: Session, addon: str = "", name: str = "") -> dict[str, Kept]:
    """What a tenant has made of templates: ``{id: what is kept}``; of one template where it is named."""
    columns = (_kept.c.addon, _kept.c.name, _kept.c.texts, _kept.c.version, _kept.c.updated_at)
    asked = select(*columns, _user.c.name.label("who")).outerjoin(_user, _user.c.id == _kept.c.updated_by_id)
    if name:
        asked = asked.where(_kept.c.addon == addon, _kept.c.name == name)
    return {
        f"{row.addon}.{row.name}": Kept(
            row.version,
            row.updated_at,
            row.who or "",
            {language: Texts(**said) for language, said in row.texts.items() if language in LANGUAGES},
        )
        for row in session.execute(asked)
    }


def texts_of(session: Session, template: Template) -> dict[str, Texts]:
    """The words of a template in every language, as they are for the tenant of ``session``."""
    return {**template.supplied_texts(), **kept_of(session, template).texts}


def change(
    gateway: Gateway,
    template: Template,
    resource: Resource,
    typed: Mapping[str, Texts],
    *,
    version: int,
) -> None:
    """Set the words of a template; what is as supplied is not kept, and follows the addon's updates.

    Args:
        gateway: of whoever does it; the caller commits its session.
        template: which.
        resource: what the template is about.
        typed: by language; languages that are missing keep their words.
        version: what was seen (`Kept.version`).

    Raises:
        Forbidden: the actor has no right to.
        Invalid: a text is empty or too long, or a tag leads nowhere; by ``subject_<language>`` and
            ``text_<language>``. Nothing is changed.
        StaleVersion: somebody else saved in between.
    """
    if not gateway.actor.may(THING, VERB):
        raise Forbidden
    texts = {language: texts_of(gateway.session, template)[language] for language in LANGUAGES}
    texts |= read(gateway, resource, typed)
    supplied = template.supplied_texts()
    own = {language: asdict(said) for language, said in texts.items() if said != supplied[language]}
    values = {
        "addon": template.addon, "name": template.name, "texts": orjson.dumps(own).decode(),
        "user": gateway.actor.user_id, "version": version,
    }  # fmt: skip
    if gateway.session.execute(_KEEP, values).one_or_none() is None:
        raise StaleVersion


def reset(session: Session, template: Template, *, actor: Actor) -> None:
    """Go back to the words that are supplied.

    Raises:
        Forbidden: the actor has no right to.
    """
    if not actor.may(THING, VERB):
        raise Forbidden
    session.execute(delete(_kept).where(_kept.c.addon == template.addon, _kept.c.name == template.name))


def read(gateway: Gateway, resource: Resource, typed: Mapping[str, Texts]) -> dict[str, Texts]:
    """The words somebody has typed, by language, with tags that lead to what he may see.

    Raises:
        Invalid: see `change`.
    """
    problems: dict[str, list[str | Lazy]] = {}
    found: dict[str, Texts] = {}

    def fields_of(at: Resource) -> Mapping[str, Field]:
        return {each.name: each for each in gateway.resolver.visible(at)}

    def one(name: str, value: str, *, is_text: bool) -> str:
        most = MAX_TEXT if is_text else MAX_SUBJECT
        try:
            said = TextValue(multiline=is_text, max_length=most, allow_none=True).deserialize(value)
            if said is None:
                problems[name] = [_l("This must not be empty.")]
                return ""
            for tag in tags_in(said):
                check_tag(tag, resource, fields_of, _OFFERED)
        except ValidationError as error:
            problems[name] = [first_message(error)]
        except BadTag as error:
            problems[name] = [error.problem]
        else:
            return str(said)
        return ""

    for language, each in typed.items():
        subject = one(f"subject_{language}", each.subject, is_text=False)
        found[language] = Texts(subject, one(f"text_{language}", each.text, is_text=True))
    if problems:
        raise Invalid(problems)
    return found
