"""Answers kept under an Idempotency-Key, so that a request sent twice is done once.

An answer is kept in the transaction of the work it tells of: both are there or neither. Only answers
of success are kept, for 24 hours, for each actor apart. Of two equal requests at the same time one
works, the other is told to come back. Sensitive members of a record are never kept; a repeated
answer reads them again, as the reader may see them then.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.access.actor import Actor
from core.db.fields import Sensitivity
from core.db.session import tenant_of
from core.errors import Conflict, Malformed, NotFound
from core.i18n import _l
from core.resources.declaration import Field, Resource
from core.resources.gateway import Gateway
from core.resources.models import KeptAnswer

LIFE: Final = timedelta(hours=24)
MAX_KEY_LENGTH: Final = 255
#: Outlived answers of others swept out with each request that carries a key.
_SWEPT: Final = 50
_GUARDED: Final = (Sensitivity.SENSITIVE, Sensitivity.SECRET)

_kept = KeptAnswer.__table__
_LOCK = text("select pg_try_advisory_xact_lock(hashtextextended(:name, 0))")


class KeyReused(Conflict):
    """The key stands for another request."""

    code = "idempotency-key-reused"
    message = _l("This Idempotency-Key was used for another request. Use a new key for each new request.")


class StillRunning(Conflict):
    """The same request is being worked on at this moment."""

    code, retry_after = "still-running", 1
    message = _l("The same request is still being worked on. Repeat it in a moment.")


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered."""

    status: int
    body: bytes
    location: str | None = None


@dataclass(frozen=True, slots=True)
class Repeat:
    """One key of one actor, and the request it stands for."""

    session: Session
    actor: Actor
    key: str
    #: SHA-256 of method, address and body, in hexadecimal.
    request_hash: str

    def recall(self) -> Answer | None:
        """The answer given before; None when the work is still to be done, and is then ours alone.

        Raises:
            Malformed: the key is empty, too long or not of visible ASCII characters.
            StillRunning: a twin of this request has not ended yet.
            KeyReused: the key was used for another request.
        """
        if not 0 < len(self.key) <= MAX_KEY_LENGTH or not all("!" <= each <= "~" for each in self.key):
            raise Malformed(
                reason=_l("an Idempotency-Key has 1 to 255 visible ASCII characters without blanks")
            )
        # The lock comes first and alone: a snapshot taken together with it could miss the twin's commit.
        name = f"idempotency {tenant_of(self.session).schema} {self.actor.user_id} {self.key}"
        if not self.session.scalar(_LOCK, {"name": name}):
            raise StillRunning
        found = self.session.execute(select(_kept, self._is_over).where(*self._mine)).first()
        self._sweep()
        if found is None or found.is_over:
            return None
        if found.request_hash != self.request_hash:
            raise KeyReused
        return Answer(found.status, bytes(found.body), found.location)

    def keep(self, answer: Answer) -> None:
        """Keep the answer, in the transaction of its work."""
        values = {
            "request_hash": self.request_hash,
            "status": answer.status,
            "location": answer.location,
            "body": answer.body,
            "created_at": func.now(),
        }
        statement = insert(_kept).values(actor_id=self.actor.user_id, key=self.key, **values)
        self.session.execute(
            statement.on_conflict_do_update(index_elements=[_kept.c.actor_id, _kept.c.key], set_=values)
        )

    @property
    def _mine(self) -> tuple[Any, ...]:
        return _kept.c.actor_id == self.actor.user_id, _kept.c.key == self.key

    @property
    def _is_over(self) -> Any:
        return (_kept.c.created_at < func.now() - LIFE).label("is_over")

    def _sweep(self) -> None:
        """Delete some outlived answers, passing over those somebody else is just deleting."""
        old = select(_kept.c.id).where(_kept.c.created_at < func.now() - LIFE).limit(_SWEPT)
        self.session.execute(delete(_kept).where(_kept.c.id.in_(old.with_for_update(skip_locked=True))))


def request_hash(method: str, address: str, body_hash: str) -> str:
    """What one request is recognised by.

    Args:
        method: POST.
        address: path and query.
        body_hash: SHA-256 of the body; of an uploaded file, of its content.
    """
    return hashlib.sha256("\n".join((method, address, body_hash)).encode()).hexdigest()


# Sensitive members


def guarded(resource: Resource) -> Iterator[str]:
    """The members of a record that are not kept: sensitive fields, and what would show one."""
    yield from (field.name for field in resource.fields.values() if _is_guarded(field))
    for lines in resource.lines_fields.values():
        if any(_is_guarded(field) for field in lines.target.fields.values()):
            yield lines.name


def _is_guarded(field: Field) -> bool:
    label = field.target.label_field if field.target is not None else field
    return field.word.sensitivity in _GUARDED or label.word.sensitivity in _GUARDED


def without_guarded(resource: Resource, record: Mapping[str, Any]) -> dict[str, Any]:
    """A record as it may be kept: in place of sensitive members, nothing."""
    names = set(guarded(resource))
    return {name: None if name in names else value for name, value in record.items()}


def with_guarded(gateway: Gateway, resource: Resource, record: Mapping[str, Any]) -> dict[str, Any]:
    """A kept record with its sensitive members as the reader may see them now.

    Raises:
        NotFound: the reader may no longer read this resource.
    """
    gateway.require(resource, "read")
    visible = {field.name for field in gateway.resolver.visible(resource)} | set(resource.lines_fields)
    names = [name for name in guarded(resource) if name in visible]
    if not names or "version" not in record:
        return dict(record)
    try:
        now = gateway.get(resource, record["id"], ("id", *names))
    except NotFound:
        return dict(record)
    return {**record, **{name: now[name] for name in names}}
