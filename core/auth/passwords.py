"""Passwords: Argon2id by argon2-cffi with its recommended parameters."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from core.errors import Invalid
from core.i18n import _l

MIN_LENGTH: Final = 10
MAX_LENGTH: Final = 200
#: Two sign-ins at once stay within a small machine's memory (RFC 9106, second choice).
_hasher = PasswordHasher(time_cost=3, memory_cost=65536, parallelism=2)


def hash_password(password: str) -> str:
    """The Argon2id text to store for ``password``.

    Raises:
        Invalid: it is too short or too long.
    """
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise Invalid(
            {
                "password": [
                    _l("A password has %(min)s to %(max)s characters.", min=MIN_LENGTH, max=MAX_LENGTH)
                ]
            }
        )
    return _hasher.hash(password)


@lru_cache(maxsize=1)
def _nobody() -> str:
    return _hasher.hash("nobody signs in with this")


def verify(stored: str | None, password: str) -> bool:
    """Whether ``password`` is the one behind ``stored``; takes as long when there is none."""
    try:
        _hasher.verify(stored or _nobody(), password[:MAX_LENGTH])
        return stored is not None
    except (VerificationError, InvalidHashError):
        return False
