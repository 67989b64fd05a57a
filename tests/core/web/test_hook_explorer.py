"""Hooks that misbehave, as readers and the platform's administrator see them."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, text
from werkzeug.test import TestResponse

from core.addons.hooks import Hooks
from core.addons.hookspecs import hookimpl
from core.addons.implementations import Implementation
from core.addons.ledger import Ledger
from core.auth.platform import create_administrator
from core.db.provision import set_addons
from core.db.tenancy import Tenant
from core.kernel import Kernel
from core.testing.plugin import Browser
from core.web.hook_models import length, with_code
from core.web.view_models import Panel

OPS, PASSWORD = "ops@example.com", "a long enough password"
UNMUTE = "/platform/hooks/slow/home_cards/unmute"

Client = Callable[..., Browser]


def _implement(hooks: Hooks, addon: str, home_cards: Callable[..., Any]) -> None:
    home_cards.__name__ = "home_cards"
    hooks.register(addon, {"home_cards": hookimpl(home_cards)})


def _raising(actor: Any) -> None:
    raise ValueError(f"no car for {actor.email} in this garage")


def _nonsense(actor: Any) -> list[Any]:
    return [Panel("fleet", "Never to be seen"), 42]


class Slow:
    """An implementation that takes three seconds of a clock of its own."""

    def __init__(self, hooks: Hooks) -> None:
        self.at, self.calls = time.time(), 0
        hooks.clock = hooks.now = lambda: self.at

    def __call__(self) -> Callable[..., Any]:
        def home_cards(actor: Any) -> list[Panel]:
            self.at += 3
            self.calls += 1
            return [Panel("slow", "Slow card")]

        return home_cards


@pytest.fixture
def slow(
    kernel: Kernel, tenant: Tenant, owner_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Slow]:
    """Three addons that misbehave on the home page, on for the main tenant; gives the slow one."""
    hooks = kernel.hooks
    for name in ("clock", "now"):
        monkeypatch.setattr(hooks, name, getattr(hooks, name))  # put back at the end
    slow = Slow(hooks)
    added = {"raising": _raising, "nonsense": _nonsense, "slow": slow()}
    for addon, home_cards in added.items():
        _implement(hooks, addon, home_cards)
    with owner_engine.begin() as connection:
        set_addons(connection, tenant, tenant.addons | set(added))
    yield slow
    for addon in added:
        hooks.unregister(addon)
    with owner_engine.begin() as connection:
        set_addons(connection, tenant, tenant.addons)
        connection.execute(text("truncate platform.hook_tally"))


@pytest.fixture
def there(kernel: Kernel, slow: Slow) -> tuple[Implementation, Ledger]:
    """Another process: its slow implementation, and what it exchanges with others."""
    hooks = Hooks()
    _implement(hooks, "slow", lambda actor: None)
    [each] = hooks.everything()
    return each, Ledger(kernel.database, hooks)


class Platform:
    """The browser of the platform's administrator."""

    def __init__(self, client: FlaskClient, host: str) -> None:
        self.client, self.host = client, host
        form = {"email": OPS, "password": PASSWORD, "csrf_token": self.csrf("/platform/login")}
        assert self.post("/platform/login", form).status_code == 302

    def get(self, path: str, **options: Any) -> str:
        answer = self.client.get(path, base_url=self.host, **options)
        assert answer.status_code == 200, path
        return answer.text

    def post(self, path: str, form: dict[str, str]) -> TestResponse:
        return self.client.post(path, base_url=self.host, data=form)

    def csrf(self, path: str) -> str:
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.get(path))
        assert found is not None
        return found[1]


@pytest.fixture
def platform(app: Flask, kernel: Kernel, owner_engine: Engine, tenant: Tenant) -> Iterator[Platform]:
    with owner_engine.begin() as connection:
        create_administrator(connection, OPS, PASSWORD)
    yield Platform(app.test_client(), f"http://{kernel.config.platform_host}")
    with owner_engine.begin() as connection:
        connection.execute(text("truncate platform.administrator cascade"))


def _row(page: str, hook: str, addon: str) -> str:
    """The words of an addon's row in the card of a hook."""
    card = page.partition(f'id="hook-{hook}"')[2].partition("</section>")[0]
    [row] = [each for each in card.split("<tr>") if f'<span class="gx-t2">{addon}</span>' in each]
    return " ".join(re.sub(r"<[^>]+>", " ", row).split())


def test_a_page_comes_without_the_part_of_whoever_fails_and_the_administrator_sees_why(
    client: Client, platform: Platform, slow: Slow
) -> None:
    browser = client("account_manager")
    home = browser.get("/")
    assert home.status_code == 200
    assert "Slow card" in home.text
    assert "Never to be seen" not in home.text
    page = platform.get("/platform/hooks")
    assert "ValueError: no car for … in this garage" in _row(page, "home_cards", "raising")
    assert browser.actor.email not in page
    nonsense = _row(page, "home_cards", "nonsense")
    assert "Nonsense: it gave int where Panel is wanted" in nonsense
    assert "failed lately" in _row(page, "home_cards", "raising")
    assert "failed lately" not in _row(page, "home_cards", "customer.my-day")
    assert _row(page, "home_cards", "slow").endswith("called 1 3.0 s 3.0 s 1 0")
    addons = platform.get("/platform/addons")
    assert re.search(r"href=\"/platform/hooks\?addon=customer\">\d+</a>", addons)


def test_a_slow_hook_is_muted_and_turned_on_again_in_every_process(
    client: Client, platform: Platform, slow: Slow, there: tuple[Implementation, Ledger]
) -> None:
    browser, (other, ledger) = client(), there
    for _ in range(5):
        assert "Slow card" in browser.get("/").text
    assert "Slow card" not in browser.get("/").text
    assert slow.calls == 5
    page = platform.get("/platform/hooks")
    assert "slow has been left out at home_cards since today" in page
    assert f'formaction="{UNMUTE}"' in page
    assert "muted since today" in _row(page, "home_cards", "slow")
    ledger.exchange()
    assert other.muted

    done = platform.post(UNMUTE, {"csrf_token": platform.csrf("/platform/hooks")})
    assert (done.status_code, done.headers["Location"]) == (303, "/platform/hooks")
    page = platform.get("/platform/hooks")
    assert "slow is asked again at home_cards." in page
    assert UNMUTE not in page
    assert "turned on again by ops, today" in _row(page, "home_cards", "slow")
    assert "Slow card" in browser.get("/").text
    assert slow.calls == 6
    ledger.exchange()
    assert not other.muted


def test_nobody_else_can_turn_it_on(
    app: Flask, kernel: Kernel, client: Client, platform: Platform, slow: Slow
) -> None:
    administrator = client("administrator")
    for _ in range(5):
        administrator.get("/")
    assert administrator.get("/platform/hooks").status_code == 404
    assert administrator.post(UNMUTE).status_code == 404
    stranger, host = app.test_client(), f"http://{kernel.config.platform_host}"
    assert stranger.get("/platform/hooks", base_url=host).status_code == 302
    assert stranger.post(UNMUTE, base_url=host).status_code == 302
    assert platform.post(UNMUTE, {}).status_code == 403
    assert platform.post(UNMUTE, {"csrf_token": "a.b"}).status_code == 403
    assert UNMUTE in platform.get("/platform/hooks")
    assert "Slow card" not in administrator.get("/").text
    nowhere = UNMUTE.replace("slow", "nobody")
    assert platform.post(nowhere, {"csrf_token": platform.csrf("/platform/hooks")}).status_code == 404


def test_the_order_that_is_shown_is_the_order_of_the_calls(
    kernel: Kernel, platform: Platform, slow: Slow
) -> None:
    page = platform.get("/platform/hooks")
    card = page.partition('id="hook-home_cards"')[2].partition("</section>")[0]
    shown = re.findall(r'<span class="gx-t2">([\w.-]+)</span></td>', card)
    [view] = [each for each in kernel.hooks.views() if each.name == "home_cards"]
    called = [each.id if each.name else each.addon for each in view.implementations]
    assert shown == called
    by_addon = list(dict.fromkeys(each.partition(".")[0] for each in shown))
    assert by_addon == ["customer", "industry_tradefair", "raising", "nonsense", "slow"]


def test_all_hooks_are_shown_and_those_of_one_addon_alone(platform: Platform, kernel: Kernel) -> None:
    page = platform.get("/platform/hooks")
    assert set(re.findall(r'id="hook-(\w+)"', page)) == {view.name for view in kernel.hooks.views()}
    assert "Give cards (<code>Panel</code>) for the home page." in page
    assert page.index('id="hook-home_cards"') < page.index('id="hook-convert_lead"'), "unused ones last"
    core = platform.get("/platform/hooks?addon=core")
    assert re.findall(r'id="hook-(\w+)"', core) == ["menu_items"]
    assert "Only hooks that Core implements." in core
    assert 'id="hook-home_cards"' in platform.get("/platform/hooks?addon=nobody")


def test_the_page_speaks_chinese(platform: Platform) -> None:
    page = platform.get("/platform/hooks", headers={"Accept-Language": "zh-CN"})
    assert "为首页提供卡片（<code>Panel</code>）。" in page
    assert "各插件在何处参与" in page


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0.00 ms"), (0.000213, "0.21 ms"), (0.038, "38 ms"), (2.41, "2.4 s")]
)
def test_lengths_are_short(seconds: float, words: str) -> None:
    assert length(seconds) == words


def test_names_of_the_program_are_set_as_such_and_all_else_is_text() -> None:
    assert with_code("<b> `core.web.Panel` & ``x``.") == (
        "&lt;b&gt; <code>Panel</code> &amp; <code>x</code>."
    )
