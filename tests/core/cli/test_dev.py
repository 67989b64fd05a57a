from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from urllib.error import HTTPError, URLError

import pytest
from sqlalchemy import create_engine, text

from core.access.actor import OPERATOR
from core.auth import services as auth
from core.auth.login import COOKIE
from core.config import Config
from core.db.provision import create_tenant, prepare, set_addons
from core.db.urls import Urls
from core.kernel import start_kernel

pytestmark = pytest.mark.slow


def _until(what: Callable[[], bool], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.1)


_VIEWS = """
from flask import Blueprint, render_template
bp = Blueprint("fresh", __name__, url_prefix="/fresh", template_folder="templates")
@bp.get("/code")
def code():
    return "code {word}"
@bp.get("/page")
def page():
    return render_template("fresh/page.html")
"""
_TEXTS = (
    'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n\nmsgid "Fresh"\nmsgstr "{word}"\n'
)


def _write(addon: Path, name: str, content: str) -> None:
    path = addon / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")


def _sign_in(urls: Urls) -> str:
    """A tenant where everything is on, and the cookie of somebody in it who reads Chinese."""
    kernel = start_kernel(Config.from_environ({"GUANXI_DATA": "unused"}), urls.app)
    engine = create_engine(urls.require_owner())
    with engine.begin() as connection:
        prepare(connection, urls.app_login)
    with engine.begin() as connection:
        tenant = create_tenant(
            connection, urls.app_login, "trial", name="Trial", histories=kernel.histories, is_default=True,
            addons=frozenset({"customer"}),
        )  # fmt: skip
        set_addons(connection, tenant, frozenset({"customer", "fresh"}))
    with kernel.database.unit_of_work(tenant) as session:
        values = {"name": "Ada", "email": "ada@example.com", "language": "zh"}
        [number] = kernel.resources["core.user"].service.create(session, [values], actor=OPERATOR)
        auth.assign_role(session, kernel.permissions, number, "administrator")
        token = auth.open_session(session, number, address="127.0.0.1", agent="test").token
    kernel.close()
    with engine.begin() as connection:
        connection.execute(text('alter table "t_trial".core_unit drop column archived_reason'))
    engine.dispose()
    return f"{COOKIE}={token}"


def test_changes_count_at_once_and_no_request_fails(own_database: Urls, tmp_path: Path) -> None:
    addon = tmp_path / "more" / "fresh"
    _write(addon, "__init__.py", "")
    _write(addon, "addon.toml", 'name = "fresh"\ntitle = "F"\nsummary = "S"\nversion = "1"\n')
    _write(addon, "views.py", _VIEWS.format(word="one"))
    _write(addon, "templates/fresh/page.html", 'one {{ _("Fresh") }}')
    _write(addon, "translations/zh/LC_MESSAGES/fresh.po", _TEXTS.format(word="新"))
    cookie = _sign_in(own_database)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environ = {
        "PATH": os.environ.get("PATH", ""),
        "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
        "GUANXI_DATA": str(tmp_path / "data"),
        "GUANXI_DATABASE_URL": own_database.app,
        "GUANXI_OWNER_DATABASE_URL": own_database.require_owner(),
        "GUANXI_ADDONS_PATH": str(tmp_path / "more"),
        "GUANXI_PORT": str(port),
    }
    log = tmp_path / "log"

    def page(path: str) -> str:
        """A page; a server that is being read anew lets us wait, and never refuses."""
        request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"Cookie": cookie})
        try:
            with urllib.request.urlopen(request, timeout=40) as answer:
                return str(answer.read().decode())
        except HTTPError as error:
            return f"{error.code} {error.read().decode()}"

    def shows(path: str, wanted: str) -> Callable[[], bool]:
        return lambda: wanted in page(path)

    with log.open("w") as output:
        program = Path(sys.executable).with_name("guanxi")
        server = subprocess.Popen([program, "dev"], env=environ, stdout=output, stderr=output)
    try:
        _until(lambda: "answers at" in log.read_text())
        assert page("/fresh/code") == "code one"
        assert page("/fresh/page") == "one 新"
        _until(shows("/", "core 的模型已更改"))
        _write(addon, "templates/fresh/page.html", 'two {{ _("Fresh") }}')
        _until(shows("/fresh/page", "two 新"))
        _write(addon, "translations/zh/LC_MESSAGES/fresh.po", _TEXTS.format(word="鲜"))
        _until(shows("/fresh/page", "two 鲜"))
        assert log.read_text().count("views.py has changed.") == 0
        _write(addon, "views.py", _VIEWS.format(word="two"))
        _until(shows("/fresh/code", "code two"))
        _until(lambda: log.read_text().count("The worker takes jobs.") >= 2)
        _write(addon, "addon.toml", "name = ")
        _until(shows("/fresh/code", "404"))
        assert page("/healthz") == "ok\n"
        assert "503" not in log.read_text()
    finally:
        server.send_signal(signal.SIGTERM)
        assert server.wait(20) == 0
    with pytest.raises(URLError):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5)
