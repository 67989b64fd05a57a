"""How the command line gives an import its transactions, and shows how far it is."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.access.actor import OPERATOR, Actor
from core.auth.models import User
from core.auth.services import actor_by_email
from core.cli.group import work
from core.db.session import commit
from core.db.tenancy import Tenant
from core.i18n import _
from core.resources.importing.runs import Run


class Parts:
    """Each part a transaction of its own."""

    def __init__(self, tenant: Tenant, run: Run, label: str = "") -> None:
        self._tenant = tenant
        self._run = run
        self.bar = Bar(label or _("Importing"))

    @contextmanager
    def unit(self) -> Iterator[Session]:
        """One transaction."""
        with work().kernel.database.session(self._tenant) as session:
            yield session
            commit(session)

    def actor(self, session: Session) -> Actor:
        """Who began the import, with the rights of now."""
        return maker_of(session, self._run)

    def progress(self, done: int, total: int | None = None, note: str = "") -> None:
        """Move the bar on."""
        self.bar.move(done, total)

    def cancelled(self) -> bool:
        """Only Ctrl-C ends it, or somebody on a page."""
        return False


class Whole:
    """All parts in one transaction, which whoever opened it ends."""

    def __init__(self, session: Session, actor: Actor) -> None:
        self._session = session
        self._actor = actor
        self.bar = Bar(_("Importing"))

    @contextmanager
    def unit(self) -> Iterator[Session]:
        """The transaction."""
        yield self._session

    def actor(self, session: Session) -> Actor:
        """Who imports."""
        return self._actor

    def progress(self, done: int, total: int | None = None, note: str = "") -> None:
        """Move the bar on."""
        self.bar.move(done, total)

    def cancelled(self) -> bool:
        """Nobody else can see it."""
        return False


class Bar:
    """A progress bar on standard error; nothing where no terminal is."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._bar: Any = None

    def move(self, done: int, total: int | None) -> None:
        """Show that so much is done."""
        if not sys.stderr.isatty() or not total:
            return
        if self._bar is None:
            self._bar = click.progressbar(
                length=total, label=self._label, file=sys.stderr, show_pos=True, width=30
            )
            self._bar.__enter__()
        self._bar.update(done - self._bar.pos)

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_error: object) -> None:
        if self._bar is not None:
            self._bar.__exit__(None, None, None)


class Undoing(Parts):
    """The parts of taking back, in the name of whoever asks for it."""

    def __init__(self, tenant: Tenant, actor: Actor) -> None:
        self._tenant = tenant
        self._actor = actor
        self.bar = Bar(_("Taking back"))

    def actor(self, session: Session) -> Actor:
        """Who takes it back."""
        return self._actor


def maker_of(session: Session, run: Run) -> Actor:
    """Who began an import."""
    if run.actor_id is None:
        return OPERATOR
    email = session.scalar(select(User.email).where(User.id == run.actor_id))
    return actor_by_email(session, work().kernel.permissions, email or "")
