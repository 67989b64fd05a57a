"""Where the database is: the configured one, or the embedded server this process attaches to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import make_url

from core.config import Config, ConfigError
from core.db.embedded import Server
from core.i18n import _


@dataclass(frozen=True, slots=True)
class Urls:
    """The two logins: the application's, and the owner's where this program has it."""

    app: str = field(repr=False)
    owner: str | None = field(repr=False)

    @property
    def app_login(self) -> str:
        """Name of the application's login."""
        return make_url(self.app).username or ""

    def require_owner(self) -> str:
        """The owner's login.

        Raises:
            ConfigError: this program was not given it.
        """
        if self.owner is None:
            raise ConfigError(name="GUANXI_OWNER_DATABASE_URL", reason=_("is needed for this command."))
        return self.owner


@contextmanager
def database_urls(config: Config) -> Iterator[Urls]:
    """The logins of the configured database, or of the embedded one, kept running inside the block."""
    if config.database_url is not None:
        yield Urls(config.database_url, config.owner_database_url)
        return
    with Server.ensure(config.data) as server, server.kept_running():
        yield Urls(server.app_url, server.owner_url)
