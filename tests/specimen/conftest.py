"""A running specimen and a browser that fails a test on any console error."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page
from werkzeug.serving import make_server

from core.web.assets.builder import build
from tests.specimen.app import make_app

#: Open a new page: language, theme, width.
OpenPage = Callable[..., Page]


@pytest.fixture(scope="session")
def specimen_url() -> Iterator[str]:
    """The address of the running specimen."""
    build(dev=True)
    server = make_server("127.0.0.1", 0, make_app(), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def open_page(chromium: Browser, specimen_url: str) -> Iterator[OpenPage]:
    """Open a page of the specimen in a fresh context; errors in its console fail the test."""
    errors: list[str] = []
    contexts = []

    def heard(message: ConsoleMessage) -> None:
        # A test that cuts the connection on purpose is no fault of the page.
        if (
            message.type == "error"
            and "Failed to load" not in message.text
            and "Failed to fetch" not in message.text
        ):
            errors.append(message.text)

    def opener(
        address: str, *, lang: str = "zh", theme: str = "light", width: int = 1440, height: int = 900
    ) -> Page:
        context = chromium.new_context(viewport={"width": width, "height": height})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", heard)
        page.on("pageerror", lambda error: errors.append(str(error)))
        for name, value in (("lang", lang), ("theme", theme)):
            context.add_cookies([{"name": name, "value": value, "url": specimen_url}])
        page.goto(specimen_url + address)
        return page

    yield opener
    for context in contexts:
        context.close()
    assert errors == []
