"""The ``guanxi`` command: what all its commands share."""

from __future__ import annotations

import locale
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from typing import Any

import click
import orjson
from psycopg2 import errors as pg
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

from core import __version__
from core.addons.manifest import AddonError
from core.config import Config
from core.db.provision import find_tenant
from core.db.session import commit
from core.db.tenancy import Tenant
from core.db.urls import Urls, database_urls
from core.errors import GuanxiError, Invalid
from core.i18n import _, match_language, set_language
from core.kernel import Kernel, start_kernel


class Work:
    """What a command works with, made when first asked for and let go at its end."""

    def __init__(self) -> None:
        self._open = ExitStack()

    @cached_property
    def config(self) -> Config:
        """The operator's decisions."""
        return Config.from_environ()

    @cached_property
    def urls(self) -> Urls:
        """The database's logins."""
        return self._open.enter_context(database_urls(self.config))

    @cached_property
    def kernel(self) -> Kernel:
        """The loaded addons, on the application's login."""
        kernel = start_kernel(self.config, self.urls.app)
        self._open.callback(kernel.close)
        kernel.hooks.on_news = kernel.ledger.wake
        return kernel

    @cached_property
    def owner_engine(self) -> Engine:
        """The owner's connections."""
        engine = create_engine(self.urls.require_owner(), pool_size=1)
        self._open.callback(engine.dispose)
        return engine

    @contextmanager
    def owner(self) -> Iterator[Connection]:
        """A transaction of the owner."""
        with self.owner_engine.begin() as connection:
            yield connection

    def tenant(self, slug: str) -> Tenant:
        """The tenant called ``slug``."""
        with self.owner() as connection:
            return find_tenant(connection, slug)

    @contextmanager
    def tenant_session(self, slug: str) -> Iterator[Session]:
        """One transaction for a tenant; commits at the end of the block."""
        with self.kernel.database.session(self.tenant(slug), channel="command") as session:
            yield session
            commit(session)

    def close(self) -> None:
        """Let go of everything."""
        self._open.close()


class _Group(click.Group):
    """Turns our errors into one line on standard error and exit 1."""

    def invoke(self, ctx: click.Context) -> Any:
        set_language(
            match_language(os.environ.get("LC_ALL") or os.environ.get("LANG") or locale.getlocale()[0])
            or "en"
        )
        try:
            return super().invoke(ctx)
        except Invalid as error:
            lines = [f"{name}: {' '.join(map(str, messages))}" for name, messages in error.errors.items()]
            raise click.ClickException("; ".join(lines) or error.detail) from error
        except GuanxiError as error:
            raise click.ClickException(error.detail) from error
        except AddonError as error:
            raise click.ClickException(str(error)) from error
        except DBAPIError as error:
            raise click.ClickException(_told(error)) from error
        except KeyboardInterrupt:
            raise click.ClickException(_("Interrupted; nothing was left half done.")) from None


def _told(error: DBAPIError) -> str:
    """What the database refuses, in a sentence."""
    if isinstance(error.orig, pg.UndefinedTable | pg.InvalidSchemaName | pg.UndefinedColumn):
        return _("The database is not prepared for this version. Run: guanxi init, then guanxi upgrade")
    reason = " ".join(str(error.orig).split())
    if isinstance(error.orig, pg.InsufficientPrivilege):
        return _("The database refuses this to its login: %(reason)s", reason=reason)
    if isinstance(error, OperationalError):
        return _("The database cannot be reached: %(reason)s", reason=reason)
    return _("The database refuses this: %(reason)s", reason=reason)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="guanxi")
@click.pass_context
def cli(context: click.Context) -> None:
    """Guanxi, the modular CRM platform."""
    context.obj = Work()
    context.call_on_close(context.obj.close)


def work() -> Work:
    """What the present command works with."""
    found: Work = click.get_current_context().find_root().obj
    return found


def kernel() -> Kernel:
    """The loaded addons."""
    return work().kernel


def show(value: Any) -> None:
    """Print a result as JSON, for ``--json``."""
    sys.stdout.buffer.write(
        orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE, default=str)
    )


def read_password() -> str:
    """The password on standard input, without its line end."""
    return sys.stdin.readline().rstrip("\r\n")


as_json = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
for_tenant = click.option("--tenant", "slug", required=True, metavar="SLUG", help="The tenant.")
