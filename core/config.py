"""What the operator decides, read once from the environment at the start of a program.

Everything that runs takes a `Config`; nothing else looks at ``os.environ``. The variables are those
of the README's table, each beginning with ``GUANXI_``.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, TypeVar, cast
from urllib.parse import SplitResult, urlsplit, urlunsplit

from core.errors import GuanxiError
from core.i18n import Lazy, _, _l, _lp

Environment = Literal["development", "production"]
LogFormat = Literal["text", "json"]
#: A host in lower case and a port.
Endpoint = tuple[str, int]

_Choice = TypeVar("_Choice", bound=str)

#: Schemes that mean PostgreSQL; all are driven by psycopg2.
_DATABASE_SCHEMES = ("postgres", "postgresql", "postgresql+psycopg2")
_DRIVEN_BY = "postgresql+psycopg2"
_SMTP_SCHEMES = ("smtp", "smtps", "smtp+starttls")
#: Characters a secret key must have in production; 32 random ones are beyond guessing.
_SECRET_LENGTH = 32


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of the environment, for whoever sets it."""

    name: str
    means: Lazy
    #: What holds where it is not set.
    absent: Lazy | str


#: All that `Config.from_environ` reads.
VARIABLES: Final = (
    Variable("GUANXI_DATA", _l("folder of everything that is kept"), "`./var`"),
    Variable("GUANXI_HOST", _l("where to listen"), "`127.0.0.1`"),
    Variable("GUANXI_PORT", _l("the port there"), "`8000`"),
    Variable(
        "GUANXI_DATABASE_URL",
        _l("the application's login, which makes no tables"),
        _l("a PostgreSQL of our own starts in the data folder"),
    ),
    Variable(
        "GUANXI_OWNER_DATABASE_URL",
        _l("the owner's login; for `init`, `upgrade`, `tenant`, `addon`"),
        _l("made along with it"),
    ),
    Variable("GUANXI_ENV", _l("`development` or `production`"), "`development`"),
    Variable(
        "GUANXI_SECRET_KEY",
        _l("32 characters or more; needed in production"),
        _l("drawn once, kept in the data folder"),
    ),
    Variable(
        "GUANXI_BASE_DOMAIN",
        _l("tenants answer at `<slug>.<domain>`"),
        _l("`localhost`; in production none"),
    ),
    Variable(
        "GUANXI_PLATFORM_HOST",
        _l("host of the platform administrator's pages"),
        _l("`platform.<base domain>`"),
    ),
    Variable("GUANXI_ADDONS_PATH", _l("further folders with addons"), _lp("variable", "none")),
    Variable("GUANXI_SMTP_URL", _l("mail server, for when mails are sent"), _lp("variable", "none")),
    Variable(
        "GUANXI_OUTBOUND_ALLOW",
        _l("`host:port,…` that may be called although the address is private"),
        _lp("variable", "none"),
    ),
    Variable("GUANXI_LOG", _l("`text` or `json`"), "`text`"),
)


class ConfigError(GuanxiError):
    """A variable is missing or has a value that cannot be used; ``name`` is the variable."""

    code = "config"
    title = _l("Wrong configuration")
    message = _l("%(name)s: %(reason)s")


@dataclass(frozen=True, slots=True)
class Config:
    """The configuration of one program, complete and checked."""

    #: Absolute folder of everything kept: database, files, keys.
    data: Path
    host: str
    port: int
    env: Environment
    #: The application's login, as ``postgresql+psycopg2://...``; None: the embedded server's.
    database_url: str | None = field(repr=False)
    #: The owner's login, which creates schemas and roles; None where a program has no need of it.
    owner_database_url: str | None = field(repr=False)
    secret_key: bytes = field(repr=False)
    #: Tenants answer at ``<slug>.<base_domain>``; empty: only at the hosts registered for them.
    base_domain: str
    #: Host of the platform administrator's pages; empty: they are switched off.
    platform_host: str
    #: Absolute folders searched for addons besides the installed ones.
    addons_path: tuple[Path, ...]
    #: ``smtp://``, ``smtps://`` or ``smtp+starttls://``; None: mails are kept and shown, not sent.
    smtp_url: str | None = field(repr=False)
    #: Where outgoing calls (webhooks and the like) may go although the address is private.
    outbound_allow: frozenset[Endpoint]
    log: LogFormat

    @property
    def production(self) -> bool:
        """Whether real people depend on this deployment."""
        return self.env == "production"

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] | None = None) -> Config:
        """Read and check the ``GUANXI_`` variables.

        In development a missing secret key is drawn once and kept in the data folder (mode 0600).

        Args:
            environ: the variables; None means those of this process.

        Raises:
            ConfigError: a value is missing or cannot be used; the sentence names the variable.
        """
        variables = _Variables(os.environ if environ is None else environ)
        env = variables.choice("GUANXI_ENV", ("development", "production"), "development")
        production = env == "production"
        data = _absolute("GUANXI_DATA", variables.text("GUANXI_DATA") or "var")
        database_url = variables.database_url("GUANXI_DATABASE_URL")
        owner_database_url = variables.database_url("GUANXI_OWNER_DATABASE_URL")
        if owner_database_url and not database_url:
            reason = _("is set, so GUANXI_DATABASE_URL must be set too.")
            raise ConfigError(name="GUANXI_OWNER_DATABASE_URL", reason=reason)
        base_domain = variables.host_name("GUANXI_BASE_DOMAIN", "" if production else "localhost")
        platform_host = f"platform.{base_domain}" if base_domain else ""
        return cls(
            data=data,
            host=variables.text("GUANXI_HOST") or "127.0.0.1",
            port=variables.port("GUANXI_PORT", 8000),
            env=cast("Environment", env),
            database_url=database_url,
            owner_database_url=owner_database_url,
            secret_key=_secret_key(variables.text("GUANXI_SECRET_KEY"), data, production=production),
            base_domain=base_domain,
            platform_host=variables.host_name("GUANXI_PLATFORM_HOST", platform_host),
            addons_path=variables.folders("GUANXI_ADDONS_PATH"),
            smtp_url=variables.smtp_url("GUANXI_SMTP_URL"),
            outbound_allow=variables.endpoints("GUANXI_OUTBOUND_ALLOW"),
            log=cast("LogFormat", variables.choice("GUANXI_LOG", ("text", "json"), "text")),
        )


@dataclass(frozen=True, slots=True)
class _Variables:
    """Reads single variables; an empty one counts as absent."""

    environ: Mapping[str, str]

    def text(self, name: str) -> str | None:
        value = self.environ.get(name, "").strip()
        if any(not character.isprintable() for character in value):
            raise ConfigError(name=name, reason=_("contains characters that cannot be printed."))
        return value or None

    def choice(self, name: str, allowed: tuple[_Choice, ...], default: _Choice) -> _Choice:
        value = self.text(name) or default
        for known in allowed:
            if value == known:
                return known
        reason = _('must be one of %(allowed)s, not "%(value)s".', allowed=", ".join(allowed), value=value)
        raise ConfigError(name=name, reason=reason)

    def port(self, name: str, default: int) -> int:
        value = self.text(name)
        return default if value is None else _port(name, value)

    def host_name(self, name: str, default: str) -> str:
        value = (self.text(name) or default).lower()
        if any(character in value for character in ":/ @"):
            reason = _('must be a host name without scheme and port, not "%(value)s".', value=value)
            raise ConfigError(name=name, reason=reason)
        return value.strip(".")

    def folders(self, name: str) -> tuple[Path, ...]:
        parts = (self.text(name) or "").split(os.pathsep)
        folders = tuple(_absolute(name, part.strip()) for part in parts if part.strip())
        for folder in folders:
            if not folder.is_dir():
                reason = _(
                    '"%(folder)s" is not a folder; separate several by "%(by)s".',
                    folder=folder,
                    by=os.pathsep,
                )
                raise ConfigError(name=name, reason=reason)
        return folders

    def database_url(self, name: str) -> str | None:
        value = self.text(name)
        if value is None:
            return None
        # The value holds a password, so no sentence repeats it.
        parts = _split(value)
        if parts is None or parts.scheme not in _DATABASE_SCHEMES:
            reason = _("must look like postgresql://LOGIN:PASSWORD@HOST/DATABASE.")
            raise ConfigError(name=name, reason=reason)
        if not parts.path.strip("/"):
            raise ConfigError(name=name, reason=_("names no database after the host."))
        # urlunsplit would drop the empty host of a socket's address (postgresql:///name?host=...).
        return f"{_DRIVEN_BY}://{parts.netloc}{urlunsplit(('', '', parts.path, parts.query, ''))}"

    def smtp_url(self, name: str) -> str | None:
        value = self.text(name)
        if value is None:
            return None
        parts = _split(value)
        if parts is None or parts.scheme not in _SMTP_SCHEMES or not parts.hostname:
            reason = _("must look like smtp://LOGIN:PASSWORD@HOST:PORT (or smtps, smtp+starttls).")
            raise ConfigError(name=name, reason=reason)
        return value

    def endpoints(self, name: str) -> frozenset[Endpoint]:
        entries = (entry.strip() for entry in (self.text(name) or "").split(","))
        return frozenset(_endpoint(name, entry) for entry in entries if entry)


def _split(value: str) -> SplitResult | None:
    """The parts of an address, None when it is none."""
    try:
        parts = urlsplit(value)
        well_formed = parts.port != 0 and value.startswith(f"{parts.scheme}://")
    except ValueError:
        return None
    return parts if well_formed else None


def _absolute(name: str, value: str) -> Path:
    """Resolve a folder once, so that a later change of directory or link cannot move it."""
    try:
        return Path(value).expanduser().resolve()
    except (OSError, RuntimeError) as error:
        raise ConfigError(name=name, reason=_('"%(value)s" is not a path.', value=value)) from error


def _port(name: str, value: str) -> int:
    digits = value.isascii() and value.isdigit() and len(value) <= 5
    if not (digits and 0 < int(value) < 65536):
        reason = _('must be a port from 1 to 65535, not "%(value)s".', value=value)
        raise ConfigError(name=name, reason=reason)
    return int(value)


def _endpoint(name: str, entry: str) -> Endpoint:
    host, separator, port = entry.rpartition(":")
    bare = host.removeprefix("[").removesuffix("]")
    if not separator or not bare or (":" in bare and host == bare) or "/" in bare:
        reason = _('must list HOST:PORT separated by commas; "%(entry)s" is not one.', entry=entry)
        raise ConfigError(name=name, reason=reason)
    return bare.lower(), _port(name, port)


def _secret_key(given: str | None, data: Path, *, production: bool) -> bytes:
    name = "GUANXI_SECRET_KEY"
    if given is None and not production:
        return _kept_secret(data)
    if given is None:
        reason = _("must be set in production; a good one: %(command)s", command="openssl rand -hex 32")
        raise ConfigError(name=name, reason=reason)
    if production and len(given) < _SECRET_LENGTH:
        reason = _("must have at least %(count)s characters in production.", count=_SECRET_LENGTH)
        raise ConfigError(name=name, reason=reason)
    return given.encode()


def _kept_secret(data: Path) -> bytes:
    """Read the key of this data folder, drawing it at the first start."""
    path = data / "secret_key"
    try:
        make_data_folder(data)
        if not path.exists():
            _draw_secret(path)
        return path.read_bytes().strip()
    except OSError as error:
        reason = _('"%(path)s" cannot be written or read: %(why)s.', path=path, why=error.strerror)
        raise ConfigError(name="GUANXI_DATA", reason=reason) from error


def _draw_secret(path: Path) -> None:
    descriptor, temporary = tempfile.mkstemp(prefix=".secret_key-", dir=path.parent)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(32))
        file.flush()
        os.fsync(file.fileno())
        if os.geteuid() == 0:
            # Root may be helping out where the programs run as the folder's owner.
            owner = path.parent.stat()
            os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
    try:
        # A hard link refuses to replace: of several programs starting at once the first one's key stays.
        os.link(temporary, path)
    except FileExistsError:
        pass
    finally:
        Path(temporary).unlink()


def make_data_folder(data: Path) -> None:
    """Create the data folder where it is missing: others may pass through it, but not list it.

    The embedded database may run as another user (see `core.db.embedded`), which has to pass.
    """
    if not data.is_dir():
        data.mkdir(parents=True, exist_ok=True)
        data.chmod(0o711)
