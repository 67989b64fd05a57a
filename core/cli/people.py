"""``guanxi user``, ``unit``, ``token`` and ``platform-admin``: people, and what they may do."""

from __future__ import annotations

from typing import Any

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.access.actor import OPERATOR
from core.access.models import Unit
from core.auth import services as auth
from core.auth.platform import create_administrator
from core.cli.group import as_json, cli, for_tenant, kernel, read_password, show, work
from core.i18n import _

_from_stdin = click.option(
    "--password-stdin", is_flag=True, required=True, help="Read the password from standard input."
)


@cli.group()
def user() -> None:
    """People of a tenant."""


@user.command()
@click.argument("email")
@for_tenant
@click.option("--name", required=True)
@_from_stdin
@click.option("--role", "roles", multiple=True, required=True, help="A role; repeatable.")
@click.option("--unit", metavar="CODE", help="The unit the user belongs to.")
@click.option("--lang", type=click.Choice(["zh", "en"]))
def create(
    email: str,
    slug: str,
    name: str,
    password_stdin: bool,
    roles: tuple[str, ...],
    unit: str | None,
    lang: str | None,
) -> None:
    r"""Create a user with roles.

    \b
    Example:
        echo "a long password" | guanxi user create ada@acme.example --tenant acme \
            --name Ada --role sales_supervisor --password-stdin
    """
    password = read_password()
    with work().tenant_session(slug) as session:
        new_user(session, email=email, name=name, password=password, roles=roles, unit=unit, language=lang)


def new_user(
    session: Session,
    *,
    email: str,
    name: str,
    password: str,
    roles: tuple[str, ...],
    unit: str | None,
    language: str | None,
) -> int:
    """Create a user with a password and roles; gives his number."""
    values: dict[str, Any] = {"email": email, "name": name, "language": language}
    values["unit"] = auth.unit_id(session, unit) if unit else None
    [user_id] = kernel().resources["core.user"].service.create(session, [values], actor=OPERATOR)
    auth.set_password(session, user_id, password)
    for role in roles:
        auth.assign_role(session, kernel().permissions, user_id, role)
    return user_id


@user.command()
@click.argument("email")
@for_tenant
def disable(email: str, slug: str) -> None:
    """Archive a user; his sessions and tokens end with the next request.

    Example: guanxi user disable ada@acme.example --tenant acme
    """
    with work().tenant_session(slug) as session:
        actor = auth.actor_by_email(session, kernel().permissions, email)
        assert actor.user_id is not None
        kernel().resources["core.user"].service.archive(session, [actor.user_id], actor=OPERATOR)


@cli.group()
def unit() -> None:
    """The org tree of a tenant."""


def _unit_id(session: Session, code: str) -> int:
    return auth.unit_id(session, code)


@unit.command("create")
@click.argument("code")
@for_tenant
@click.option("--name", required=True)
@click.option("--parent", metavar="CODE")
def create_unit(code: str, slug: str, name: str, parent: str | None) -> None:
    """Create a unit.

    Example: guanxi unit create sh --tenant acme --name "Shanghai" --parent hq
    """
    with work().tenant_session(slug) as session:
        values = {"code": code, "name": name, "parent": _unit_id(session, parent) if parent else None}
        kernel().resources["core.unit"].service.create(session, [values], actor=OPERATOR)


@unit.command("list")
@for_tenant
@as_json
def list_units(slug: str, as_json: bool) -> None:
    """List the units.

    Example: guanxi unit list --tenant acme
    """
    table = Unit.__table__
    parents = table.alias()
    with work().tenant_session(slug) as session:
        statement = select(table.c.code, table.c.name, parents.c.code.label("parent"))
        statement = statement.outerjoin(parents, parents.c.id == table.c.parent_id).order_by(table.c.code)
        rows = [dict(row) for row in session.execute(statement).mappings()]
    if as_json:
        show(rows)
        return
    for row in rows:
        click.echo(
            f"{row['code']:20} {row['name']}"
            + (f"  {_('under %(parent)s', parent=row['parent'])}" if row["parent"] else "")
        )


@unit.command("move")
@click.argument("code")
@for_tenant
@click.option("--parent", metavar="CODE", required=True)
def move_unit(code: str, slug: str, parent: str) -> None:
    """Put a unit under another one; no record is rewritten.

    Example: guanxi unit move sh --tenant acme --parent east
    """
    with work().tenant_session(slug) as session:
        service = kernel().resources["core.unit"].service
        service.update(
            session, _unit_id(session, code), {"parent": _unit_id(session, parent)}, actor=OPERATOR
        )


@cli.group()
def token() -> None:
    """API tokens."""


@token.command("create")
@click.argument("email")
@for_tenant
@click.option("--name", required=True, help="What it is for.")
def create_token(email: str, slug: str, name: str) -> None:
    """Make an API token that does not expire; it is printed once.

    Example: guanxi token create ada@acme.example --tenant acme --name "nightly export"
    """
    with work().tenant_session(slug) as session:
        actor = auth.actor_by_email(session, kernel().permissions, email)
        assert actor.user_id is not None
        issued = auth.issue_token(session, actor.user_id, name=name, life=None)
    click.echo(issued.token)


@cli.group("platform-admin")
def platform_admin() -> None:
    """Administrators of the whole platform."""


@platform_admin.command("create")
@click.argument("email")
@_from_stdin
def create_platform_admin(email: str, password_stdin: bool) -> None:
    """Create a platform administrator, or give him a new password.

    Example: echo "a long password" | guanxi platform-admin create ops@example.com --password-stdin
    """
    password = read_password()
    with work().owner() as connection:
        create_administrator(connection, email, password)
