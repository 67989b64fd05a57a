"""People who sign in to one tenant, their sessions and their API tokens."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, DateTime, ForeignKey, String, func
from sqlalchemy.orm import Mapped, mapped_column

from core.db import fields
from core.db.base import Model, Record
from core.i18n import _l


class UserLanguage(fields.Choice):
    """The languages a user may read."""

    ZH = "zh", _l("Chinese")
    EN = "en", _l("English")


class Theme(fields.Choice):
    """Light, dark, or as the system has it."""

    AUTO = "auto", _l("Like the system")
    LIGHT = "light", _l("Light")
    DARK = "dark", _l("Dark")


class User(Record):
    """A person, or an integration, that signs in."""

    __tablename__ = "core_user"

    name: Mapped[str] = fields.text(100, label=_l("Name"), search=True, sort_by="name_key")
    name_key: Mapped[str] = fields.sort_key()
    email: Mapped[str] = fields.email(label=_l("Email"), unique=True)
    unit_id: Mapped[int | None] = fields.link("core.unit", label=_l("Unit"), circular=True)
    language: Mapped[str | None] = fields.choice(UserLanguage, label=_l("Language"))
    #: Argon2id in its own text form; empty: cannot sign in with a password.
    password_hash: Mapped[str | None] = mapped_column(String(200))
    theme: Mapped[str] = fields.choice(Theme, label=_l("Theme"), default=Theme.AUTO)


class UserSession(Model):
    """A signed-in browser; the cookie holds the token, the row its SHA-256 only."""

    __tablename__ = "core_user_session"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("core_user.id", ondelete="CASCADE"), index=True
    )
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    address: Mapped[str] = mapped_column(String(60), server_default="")
    agent: Mapped[str] = mapped_column(String(300), server_default="")


class ApiToken(Model):
    """A key for programs; shown once, kept as SHA-256."""

    __tablename__ = "core_api_token"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("core_user.id", ondelete="CASCADE"), index=True
    )
    name: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    expires_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class SignInFailure(Model):
    """Failed sign-ins lately, by account and by address, for throttling."""

    __tablename__ = "core_sign_in_failure"

    #: "account:<email>" or "address:<ip>".
    subject: Mapped[str] = mapped_column(String(300), primary_key=True)
    failures: Mapped[int] = mapped_column(server_default="0")
    #: When the count starts again.
    until: Mapped[datetime] = mapped_column(DateTime(timezone=True))
