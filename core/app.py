"""The Flask application: the kernel's registries behind one lifecycle."""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, Flask
from sqlalchemy import text

from core.auth.login import set_up_login
from core.db.migrate import PLATFORM, heads, revisions
from core.db.tenancy import Platform
from core.kernel import Kernel
from core.web.account import bp as account
from core.web.api import bp as api
from core.web.api.docs import docs as api_docs
from core.web.errors import set_up_errors
from core.web.events import bp as events
from core.web.lifecycle import GuanxiFlask, set_up_lifecycle
from core.web.lifecycle import kernel as present_kernel
from core.web.pages import bp as pages
from core.web.pages.request import forget_told
from core.web.platform import bp as platform
from core.web.widgets import install_widgets

#: A form with attachments; single limits are lower.
MAX_BODY = 32 * 1024 * 1024
#: Seconds a page or a program waits for one statement; what takes longer is work for a job.
PATIENCE = 30


def create_app(kernel: Kernel) -> Flask:
    """Build the application.

    Args:
        kernel: what `start_kernel` gave; the application uses it, sees that no statement takes longer than
            `PATIENCE`, and does not close it.
    """
    web = Path(__file__).parent / "web"
    app = GuanxiFlask("guanxi", root_path=str(web), static_folder="static", template_folder="templates")
    app.extensions["guanxi"] = kernel
    kernel.database.patience = PATIENCE
    app.config.update(
        SECRET_KEY=kernel.config.secret_key,
        MAX_CONTENT_LENGTH=MAX_BODY,
        MAX_FORM_MEMORY_SIZE=4 * 1024 * 1024,
        MAX_FORM_PARTS=20_000,
        SEND_FILE_MAX_AGE_DEFAULT=31_536_000,
        TRUSTED_HOSTS=None,
        PROVIDE_AUTOMATIC_OPTIONS=False,  # nobody asks across origins
    )
    install_widgets(app.jinja_env)
    set_up_lifecycle(
        app,
        {"pages": "core", "api_docs": "core"}
        | {blueprint.name: addon for addon, blueprint in kernel.blueprints},
    )
    set_up_errors(app)
    app.after_request(forget_told)
    set_up_login(app, kernel.permissions)
    _register(app, kernel)
    return app


def _register(app: Flask, kernel: Kernel) -> None:
    own = [blueprint for _addon, blueprint in kernel.blueprints]
    for blueprint in (_probes(), account, events, api, api_docs, platform, *own, pages):
        app.register_blueprint(blueprint)


def _probes() -> Blueprint:
    """``/healthz`` and ``/readyz``, for whoever watches over the process."""
    probes = Blueprint("probes", __name__)

    @probes.get("/healthz")
    def healthz() -> str:
        return "ok\n"

    @probes.get("/readyz")
    def readyz() -> tuple[str, int]:
        """Whether the database answers and its control tables are of this program's revision."""
        with present_kernel().database.session(Platform()) as session:
            session.execute(text("select 1"))
            reached = revisions(session.connection(), "platform", [PLATFORM])["platform"]
        return ("ready\n", 200) if reached == heads(PLATFORM) else ("run guanxi upgrade\n", 503)

    return probes
