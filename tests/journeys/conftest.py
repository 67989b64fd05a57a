"""A running Guanxi and people who sit before a browser; any error in its console fails the test."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import uvicorn
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from core.access.actor import OPERATOR
from core.auth import services as auth
from core.auth.login import COOKIE
from core.kernel import Kernel
from core.server import Server, make_application
from core.web.assets.builder import axe_source, build

PASSWORD = "correct horse battery"
EMAIL = "ada@example.com"

#: Opens a signed-in browser window at an address: language, theme, width.
Open = Callable[..., Page]
#: Creates records: ``seed([{"name": "Acme"}])``.
Seed = Callable[..., list[int]]


@pytest.fixture(scope="session")
def address(app: Flask, kernel: Kernel) -> Iterator[str]:
    """The address of the running program."""
    build(dev=True)
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    application, hub = make_application(kernel, app)
    config = uvicorn.Config(
        application,
        log_level="warning",
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
    server = Server(config, hub)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://main.localhost:{port}"
    server.should_exit = True
    thread.join(5)
    listener.close()


@pytest.fixture
def seed(committed: Callable[[], Any], kernel: Kernel) -> Seed:
    """Creates records that everybody sees."""

    def seed(rows: list[dict[str, Any]], resource: str = "customer.customer") -> list[int]:
        with committed() as session:
            return kernel.resources[resource].service.create(session, rows, actor=OPERATOR)

    return seed


@pytest.fixture
def ada(seed: Seed, committed: Callable[[], Any], kernel: Kernel) -> str:
    """The address with which an administrator signs in."""
    [number] = seed([{"name": "Ada Lovelace", "email": EMAIL, "language": "en"}], "core.user")
    with committed() as session:
        auth.assign_role(session, kernel.permissions, number, "administrator")
        auth.set_password(session, number, PASSWORD)
    return EMAIL


@pytest.fixture
def window(chromium: Browser, address: str, committed: object) -> Iterator[Callable[..., BrowserContext]]:
    """Makes browsers of different people; what their consoles complain of fails the test."""
    errors: list[str] = []
    windows: list[BrowserContext] = []

    def heard(message: ConsoleMessage) -> None:
        # That an answer was a refusal is said by the browser itself; whether it should be, the test knows.
        if message.type == "error" and "Failed to load resource" not in message.text:
            errors.append(message.text)

    def make(*, width: int = 1440, theme: Any = "light", locale: str = "en-US") -> BrowserContext:
        context = chromium.new_context(
            base_url=address, viewport={"width": width, "height": 900}, color_scheme=theme, locale=locale
        )
        context.set_default_timeout(8_000)
        context.on("console", heard)
        context.on("weberror", lambda error: errors.append(str(error.error)))
        windows.append(context)
        return context

    yield make
    for context in windows:
        context.close()
    assert errors == []


@pytest.fixture
def open_page(
    window: Callable[..., BrowserContext], ada: str, kernel: Kernel, committed: Any, address: str
) -> Open:
    """Opens a page as Ada, who has signed in before."""

    def opener(path: str, *, lang: str = "en", theme: str = "light", width: int = 1440) -> Page:
        with committed() as session:
            actor = auth.actor_by_email(session, kernel.permissions, ada)
            assert actor.user_id is not None
            auth.set_preferences(session, actor.user_id, {"language": lang, "theme": "auto"})
            issued = auth.open_session(session, actor.user_id, address="127.0.0.1", agent="journey")
        context = window(width=width, theme=theme)
        context.add_cookies([{"name": COOKIE, "value": issued.token, "url": address}])
        page = context.new_page()
        page.goto(path)
        return page

    return opener


def violations(page: Page) -> list[str]:
    """What axe finds serious or critical on the page as it stands."""
    page.evaluate(axe_source().read_text())
    found: list[list[str]] = page.evaluate(
        "axe.run().then((r) => r.violations.filter((v) => ['serious', 'critical'].includes(v.impact))"
        ".map((v) => [v.id, ...v.nodes.slice(0, 3).map((n) => n.html.slice(0, 120))]))"
    )
    return [" ".join(one) for one in found]
