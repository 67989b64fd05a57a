"""With an addon off nothing of it can be told from what never existed.

`tests.core.gate` asks at every address as somebody signed in; here are strangers and commands.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import Engine
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

import core.cli  # noqa: F401 - registers the commands
from core.access.actor import OPERATOR
from core.cli.group import Work, cli
from core.db.provision import find_tenant, set_addons
from core.db.tenancy import Tenant
from core.i18n import language, lazy_gettext, set_language
from core.kernel import Kernel
from core.menus import Menu, MenuGroup, MenuItem
from core.testing.plugin import ApiClient, Browser

#: An addon and a resource that never existed, as long as those they stand for.
_NOBODY = "nobodys"
_METHODS = ("GET", "POST", "OPTIONS")
_VALUES = {"record_id": 1, "entry_id": 1, "activity_id": 1, "name": "city", "action": "archive"}


def _generic(rule: Rule) -> bool:
    return {"addon", "plural"} <= rule.arguments


def _built(rule: Rule, values: dict[str, Any]) -> str:
    built = rule.build(values, append_unknown=False)
    assert built is not None
    return built[1]


def _paths(app: Flask, kernel: Kernel, addon: str) -> Iterator[tuple[str, str]]:
    """Every address of an addon, from its registered routes and resources, each with a twin of nobody's."""
    plurals = [resource.plural_name for resource in kernel.resources if resource.addon == addon]
    assert plurals
    for rule in app.url_map.iter_rules():
        values: dict[str, Any] = {name: _VALUES.get(name, 1) for name in rule.arguments}
        if _generic(rule):
            for plural in plurals:
                values |= {"plural": plural}
                yield _built(rule, {**values, "addon": addon}), _built(rule, {**values, "addon": _NOBODY})
        elif rule.endpoint.partition(".")[0] == addon:
            path = _built(rule, values)
            yield path, path.replace(f"/{addon}", f"/{_NOBODY}", 1)


def _answer(response: TestResponse, addon: str) -> tuple[int, dict[str, str], str]:
    """An answer without what differs from one request to the next, and without the names asked for."""
    body = response.text.replace(response.headers["X-Request-Id"], "ID")
    body = body.replace(f"%2F{addon}", f"%2F{_NOBODY}")
    body = re.sub(r"[0-9a-f]{16}\.[0-9a-f]{64}", "SEAL", body)
    headers = {
        name: value.replace(f"%2F{addon}", f"%2F{_NOBODY}")
        for name, value in response.headers
        if name not in ("X-Request-Id", "Content-Length", "Date", "Server-Timing")
    }
    return response.status_code, headers, body.replace(f"/{addon}/", f"/{_NOBODY}/")


@pytest.fixture(params=["customer"])
def addon(request: pytest.FixtureRequest, kernel: Kernel) -> str:
    name: str = request.param
    assert name in kernel.catalogue.addons
    return name


def _twins(
    app: Flask, kernel: Kernel, addon: str, call: Callable[[str, str], TestResponse]
) -> Iterator[tuple[str, tuple[Any, ...], tuple[Any, ...]]]:
    for path, twin in sorted(set(_paths(app, kernel, addon))):
        for method in _METHODS:
            yield f"{method} {path}", _answer(call(method, path), addon), _answer(call(method, twin), addon)


def test_a_stranger_cannot_tell_a_page_that_is_off_from_none(
    app: Flask, kernel: Kernel, tenants: dict[str, Tenant], addon: str
) -> None:
    stranger = app.test_client()

    def call(method: str, path: str) -> TestResponse:
        return stranger.open(path, method=method, base_url="http://bare.localhost")

    for what, off, none in _twins(app, kernel, addon, call):
        assert off == none, what


def test_every_resource_of_the_addon_answers_where_it_is_on(
    kernel: Kernel, client: Callable[..., Browser], api: Callable[..., ApiClient], addon: str
) -> None:
    browser, program = client(), api()
    for resource in kernel.resources:
        if resource.addon == addon and not resource.is_nested:
            assert browser.get(resource.url).status_code == 200
            assert program.get(resource.path).status_code == 200


def _words(kernel: Kernel, addon: str) -> set[str]:
    """The names and titles only this addon brings."""
    found = set()
    for resource in kernel.resources:
        if resource.addon == addon:
            found |= {resource.name, f"/{resource.path}"}
    return found


def test_neither_openapi_nor_me_nor_any_page_of_the_core_names_it(
    kernel: Kernel, client: Callable[..., Browser], api: Callable[..., ApiClient], addon: str
) -> None:
    words = _words(kernel, addon)
    on, off = api(), api(tenant="bare")
    for path in ("openapi.json", "me"):
        shown = on.get(path).text
        assert any(word in shown for word in words)
        hidden = off.get(path)
        assert hidden.status_code == 200
        assert not [word for word in words if word in hidden.text]
        assert addon not in hidden.text
    with_it, without = client(), client(tenant="bare")
    for path in (
        "/",
        "/api/docs",
        "/settings/users",
        "/settings/units",
        "/settings/users/1",
        "/settings/users/new",
    ):
        page = without.get(path)
        assert page.status_code == 200, path
        assert f"/{addon}/" not in page.text, path
    assert f"/{addon}/" in with_it.get("/").text


def test_the_palette_finds_nothing_of_it(client: Callable[..., Browser]) -> None:
    browser = client(tenant="bare")
    found = browser.get("/palette?q=a").get_json()
    assert {item["url"].split("/")[1] for group in found["groups"] for item in group["items"]} <= {"settings"}


def test_its_hooks_are_not_called(kernel: Kernel, tenants: dict[str, Tenant]) -> None:
    with kernel.database.session(tenants["bare"]) as session:
        for name in ("home_cards", "record_actions", "record_panels"):
            arguments: dict[str, Any] = {"session": session, "actor": OPERATOR}
            if name != "home_cards":
                arguments |= {"resource": None, "record": {}}
            before = dict(kernel.hooks.failures)
            assert kernel.hooks.call(tenants["bare"].addons, name, **arguments) == []
            assert kernel.hooks.failures == before


#: Commands of one tenant that an addon or a resource is named to, or that find one by a number.
_NAMING: dict[tuple[str, ...], list[str]] = {
    ("export",): ["{name}"],
    ("import",): ["{name}", "{file}"],
    ("reindex",): ["{name}"],
}
#: Those that concern people, tenants and addons themselves.
_OTHERS = {"addon", "customisation", "demo", "tenant", "token", "unit", "upgrade", "user"}  # fmt: skip


def test_every_command_for_a_tenant_is_known_here() -> None:
    def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
        for name, command in group.commands.items():
            if hasattr(command, "commands"):
                yield from commands(command, (*path, name))
            elif "slug" in {each.name for each in command.params}:
                yield (*path, name)

    unknown = [each for each in commands(cli) if each not in _NAMING and each[0] not in _OTHERS]
    assert unknown == [], "say how these are asked about an addon that is off"


@pytest.mark.parametrize("command", _NAMING)
def test_the_command_line_cannot_tell_it_from_none(
    kernel: Kernel,
    tenants: dict[str, Tenant],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Any,
    command: tuple[str, ...],
    addon: str,
) -> None:
    monkeypatch.setattr(Work, "kernel", kernel)
    monkeypatch.setattr(Work, "tenant", lambda _self, slug: tenants[slug])
    (tmp_path / "a.csv").write_text("name\nAcme\n")
    spoken, answers = language(), []
    for name in (f"{addon}.{addon}", f"{_NOBODY}.{addon}"):
        said = [each.format(name=name, file=tmp_path / "a.csv") for each in _NAMING[command]]
        done = CliRunner().invoke(cli, [*command, *said, "--tenant", "bare"], env={"LANG": "C"})
        answers.append((done.exit_code, done.stdout, done.stderr.replace(name, "X")))
    set_language(spoken)
    assert answers[0] == answers[1]
    assert answers[0][0] == 1


def test_a_switch_is_felt_by_the_next_request_without_a_restart(
    owner_engine: Engine, client: Callable[..., Browser], addon: str
) -> None:
    browser, home = client(), "/customer/customers"

    def switch(addons: frozenset[str]) -> None:
        with owner_engine.begin() as connection:
            set_addons(connection, find_tenant(connection, "main"), addons)

    with owner_engine.begin() as connection:
        everything = find_tenant(connection, "main").addons
    assert browser.get(home).status_code == 200
    try:
        switch(everything - {addon})
        assert browser.get(home).status_code == 404
        assert f"/{addon}/" not in browser.get("/").text
    finally:
        switch(everything)
    assert browser.get(home).status_code == 200


def test_every_route_is_a_cores_or_behind_the_gate_of_one_addon(app: Flask, kernel: Kernel) -> None:
    guarded: dict[str, str] = app.extensions["guanxi_pages"]
    own = {"account", "api", "api_docs", "assets", "events", "pages", "platform", "probes", "static"}
    for rule in app.url_map.iter_rules():
        blueprint = rule.endpoint.partition(".")[0]
        if blueprint not in own:
            assert guarded[blueprint] == blueprint
            assert blueprint in kernel.catalogue.addons
            assert rule.rule.startswith(f"/{blueprint}/")


def test_an_entry_that_leads_to_another_addon_shows_where_both_are_on(tenants: dict[str, Tenant]) -> None:
    menu, title = Menu(), lazy_gettext("Customers")
    menu.add(
        "core",
        [
            MenuGroup("top", ""),
            MenuItem(name="people", title=title, icon="box", resource="customer.customer"),
        ],
    )
    shown = {slug: bool(menu.visible(tenants[slug], OPERATOR)) for slug in ("main", "bare")}
    assert shown == {"main": True, "bare": False}
