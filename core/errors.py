"""What can go wrong, as kinds with a stable code, a status and a sentence for the user.

Rooms raise them where a rule breaks; `core.web` turns them into a page or a problem document once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.i18n import Lazy, _l

#: Messages by field name; lines are addressed like ``phones.0.number``.
FieldErrors = Mapping[str, Sequence[str | Lazy]]


class GuanxiError(Exception):
    """The root of all errors that have a sentence for the user."""

    status = 500
    code = "internal"
    title: Lazy = _l("Something went wrong")
    message: Lazy = _l("An unexpected error happened. Nothing was changed; please try again.")
    #: Seconds after which trying again makes sense; sent as Retry-After.
    retry_after: int | None = None

    def __init__(self, **values: Any) -> None:
        self.values = values
        super().__init__(self.code)

    @property
    def detail(self) -> str:
        """The sentence in the language of whoever reads it now."""
        text = str(self.message)
        return text % self.values if self.values else text

    def __str__(self) -> str:
        return self.detail


class BadRequest(GuanxiError):
    """The request cannot be understood."""

    status, code = 400, "bad-request"
    title, message = _l("Bad request"), _l("This request cannot be understood.")


class Malformed(BadRequest):
    """A body or parameter has the wrong form; ``reason`` says where."""

    code = "malformed"
    message = _l("This request cannot be read: %(reason)s")


class Unauthenticated(GuanxiError):
    """Nobody is signed in, or the token is not good."""

    status, code = 401, "unauthenticated"
    title, message = _l("Please sign in"), _l("You need to sign in to do this.")


class Forbidden(GuanxiError):
    """The actor may read the record but not do this with it."""

    status, code = 403, "forbidden"
    title, message = _l("Not allowed"), _l("You may not do this. Ask your administrator if you need to.")


class NotFound(GuanxiError):
    """There is no such thing, or the actor may not know of it: the same answer."""

    status, code = 404, "not-found"
    title, message = _l("Not found"), _l("There is nothing at this address, or you may not see it.")


class MethodNotAllowed(GuanxiError):
    """The address exists but does not take this method."""

    status, code = 405, "method-not-allowed"
    title, message = _l("Not possible"), _l("This address does not support that method.")


class Conflict(GuanxiError):
    """The state of the record does not allow it."""

    status, code = 409, "conflict"
    title, message = _l("Conflict"), _l("This cannot be done in the present state.")


class StaleVersion(Conflict):
    """Somebody else saved the record in between."""

    status, code = 412, "stale-version"
    title = _l("Changed by somebody else")
    message = _l(
        "Somebody else has changed this record in the meantime. Load it again and repeat your change."
    )


class TooLarge(GuanxiError):
    """A body or file is over its limit; ``limit`` says how much is allowed."""

    status, code = 413, "too-large"
    title, message = _l("Too large"), _l("This is too large; at most %(limit)s are allowed.")


class UnsupportedMedia(GuanxiError):
    """The body is of a kind this address does not take."""

    status, code = 415, "unsupported-media"
    title = _l("Not this kind of content")
    message = _l("This address takes %(expected)s only.")


class Invalid(GuanxiError):
    """Input breaks rules; ``errors`` names the fields and what is wrong with each."""

    status, code = 422, "invalid"
    title = _l("Please check your input")
    message = _l("Some of the input is not right. Correct what is marked and try again.")

    def __init__(self, errors: FieldErrors | None = None, **values: Any) -> None:
        super().__init__(**values)
        self.errors: dict[str, list[str | Lazy]] = {
            name: list(found) for name, found in (errors or {}).items()
        }


class TooManyRequests(GuanxiError):
    """The actor asks too often."""

    status, code, retry_after = 429, "too-many-requests", 60
    title, message = (
        _l("Please wait"),
        _l("There were too many attempts. Please wait a moment and try again."),
    )


class Unavailable(GuanxiError):
    """Something the work needs is down for now."""

    status, code, retry_after = 503, "unavailable", 10
    title = _l("Not available right now")
    message = _l("The service cannot answer right now. Nothing was lost; please try again in a moment.")


class TooSlow(GuanxiError):
    """The database took longer for an answer than anybody should wait."""

    status, code = 503, "too-slow"
    title = _l("This takes too long")
    message = _l(
        "The answer takes longer than %(seconds)s seconds. Nothing was changed; ask for less at once."
    )


class StorageFull(Unavailable):
    """No space is left for files or for the database."""

    status, code, retry_after = 507, "storage-full", 300
    title = _l("No space left")
    message = _l("There is no space left to store this. Nothing was changed; tell your administrator.")
