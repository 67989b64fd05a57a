"""``guanxi export``; see `core.cli.imports` for the other way."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click
from sqlalchemy.orm import Session

from core.access.actor import OPERATOR, Actor
from core.auth.services import actor_by_email
from core.cli.group import cli, for_tenant, work
from core.db.session import tenant_of
from core.errors import NotFound
from core.i18n import _
from core.resources.declaration import Resource
from core.resources.exporting import Format, write
from core.resources.filters import All, from_text
from core.resources.gateway import Gateway
from core.resources.query import Order, Query

as_user = click.option("--as", "email", metavar="EMAIL", help="Act as this user, with their rights only.")


@cli.command()
@click.argument("resource", metavar="RESOURCE")
@for_tenant
@click.option(
    "--format", "form", type=click.Choice([form.value for form in Format]), default="csv", show_default=True
)
@click.option("--filter", "filter_", metavar="JSON", help="Which records; all when left out.")
@click.option("--search", default="", help="Which records, by quick search.")
@click.option("--sort", default="", metavar="FIELDS", help="Such as -created_at,name.")
@click.option("--columns", default="", metavar="NAMES", help="Default: every field, without the lines.")
@click.option("--labels", type=click.Choice(["zh", "en"]), help="Write labels of this language, not names.")
@as_user
def export(
    resource: str,
    slug: str,
    form: str,
    filter_: str | None,
    search: str,
    sort: str,
    columns: str,
    labels: str | None,
    email: str | None,
) -> None:
    """Write records to standard output as CSV, xlsx or JSON lines; `guanxi import` reads it back exactly.

    A link stands there by the name of its record; "parent.id" or "parent.number" gives another of its
    fields. Lines have to be named: "phones.number" is the first, "phones.2.number" the second.
    In CSV a text a spreadsheet would take for a formula begins with an apostrophe, which the import
    takes away again. JSON lines hold stored values, whatever --labels says.

    Example: guanxi export customer.customer --tenant demo --columns number,name,parent.number
    --filter '{"field": "city", "value": "上海"}'
    """
    query = Query(
        where=from_text(filter_) if filter_ else All(),
        q=search,
        sort=tuple(Order.read(each) for each in _names(sort)),
    )
    with _session(slug) as session:
        found, actor = _resource(session, resource), _actor(session, email)
        gateway, kind = Gateway(session, actor), Format(form)
        pieces = write(gateway, found, query, kind, names=_names(columns), language=labels)
        try:
            for piece in pieces:
                sys.stdout.buffer.write(piece)
            sys.stdout.buffer.flush()
        except BrokenPipeError:  # `head` has read enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        except OSError as error:
            raise click.ClickException(
                _("The output cannot be written: %(reason)s", reason=error.strerror)
            ) from error


@contextmanager
def _session(slug: str) -> Iterator[Session]:
    """A session for a tenant; who opens it commits."""
    with work().kernel.database.session(work().tenant(slug)) as session:
        yield session


def _resource(session: Session, name: str) -> Resource:
    kernel = work().kernel
    try:
        return kernel.resources.named(tenant_of(session), name)
    except NotFound:
        known = ", ".join(sorted(each.name for each in kernel.resources.visible(tenant_of(session))))
        sentence = _("There is no resource “%(name)s” here; there are %(known)s.", name=name, known=known)
        raise click.ClickException(sentence) from None


def _actor(session: Session, email: str | None) -> Actor:
    if email is None:
        return OPERATOR
    return actor_by_email(session, work().kernel.permissions, email)


def _names(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
