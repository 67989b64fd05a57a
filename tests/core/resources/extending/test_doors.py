"""The API and the pages of a tenant whose addons extend customers, before and after one goes off."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from core.access.actor import OPERATOR
from core.app import create_app
from core.auth import services as auth
from core.auth.login import COOKIE
from core.testing.plugin import ApiClient, Browser
from core.web.security import csrf_token
from tests.core.resources.extending.conftest import Site

_HOST = "both.localhost"
_CUSTOMERS = "customer/customers"


@pytest.fixture(scope="module")
def app(site: Site) -> Flask:
    """The application of the deployment."""
    return create_app(site.kernel)


@pytest.fixture
def doors(site: Site, app: Flask) -> Iterator[tuple[ApiClient, Browser]]:
    """An administrator, at the API and with a browser."""
    kernel, tenant = site.kernel, site.tenants["both"]
    with kernel.database.unit_of_work(tenant) as session:
        values = {"name": "Ada", "email": "ada@example.com", "language": "en"}
        [number] = kernel.resources["core.user"].service.create(session, [values], actor=OPERATOR)
        auth.assign_role(session, kernel.permissions, number, "administrator")
        actor = auth.actor_by_email(session, kernel.permissions, "ada@example.com")
        token = auth.issue_token(session, number, name="test").token
        issued = auth.open_session(session, number, address="127.0.0.1", agent="test")
    client = app.test_client()
    client.set_cookie(COOKIE, issued.token, domain=_HOST)
    browser = Browser(client, actor, csrf_token(kernel.config.secret_key, issued.token), _HOST)
    yield ApiClient(app.test_client(), token, _HOST), browser
    site.switched(tenant, "customer", "fair", "wine")
    with site.owner.begin() as connection:
        connection.execute(text(f'set local search_path to "{tenant.schema}"'))
        connection.execute(
            text("truncate core_user, customer_customer, core_saved_view restart identity cascade")
        )


def _names(answer: Any) -> list[str]:
    return [each["name"] for each in answer.get_json()["items"]]


def test_the_api_takes_and_gives_them(doors: tuple[ApiClient, Browser]) -> None:
    api, _browser = doors
    made = api.post(
        _CUSTOMERS, json={"name": "A", "booth_size": 24, "stage": "booked", "hall": "H", "themes": ["x"]}
    )
    assert made.status_code == 201, made.get_json()
    wanted = {"booth_size": 24, "stage": "booked", "is_vip": False, "bottles": 6, "stands": []}
    assert {name: made.get_json()[name] for name in wanted} == wanted
    second = api.post(_CUSTOMERS, json={"name": "B", "grape": "Riesling"}).get_json()["id"]
    assert _names(api.get(f"{_CUSTOMERS}?booth_size.gte=5&fields=name")) == ["A"]
    assert _names(api.get(f"{_CUSTOMERS}?booth_size.isnull=true")) == ["B"]
    assert _names(api.get(f"{_CUSTOMERS}?sort=-booth_size")) == ["A", "B"]
    changed = api.patch(f"{_CUSTOMERS}/{second}", json={"stage": "booked"}, headers={"If-Match": '"1"'})
    assert changed.status_code == 422
    assert list(changed.get_json()["errors"]) == ["hall"]
    assert api.post(f"{_CUSTOMERS}/{second}/actions/book", json={}).status_code in (200, 204)
    assert api.get(f"{_CUSTOMERS}/{second}").get_json()["hall"] == "A1"


def test_pages_show_them_where_the_addon_has_put_them(doors: tuple[ApiClient, Browser]) -> None:
    api, browser = doors
    api.post(_CUSTOMERS, json={"name": "Acme", "booth_size": 24, "stage": "booked", "hall": "North"})
    page = browser.get("/customer/customers").text
    found = re.findall(r'<th scope="col"[^>]*>(.*?)</th>', page, flags=re.DOTALL)
    heads = [re.sub(r"<[^>]+>", " ", each).split() for each in found]
    labels = [" ".join(each) for each in heads if each]
    assert labels[:4] == ["Name", "Booth size", "Grape", "Kind"], labels
    assert labels[-1] == "Stage"
    form = browser.get("/customer/customers/new").text
    order = [
        form.index(f">{title}<") for title in ("Basics", "Stand", "Wine", "Where to find them", "Company")
    ]
    assert order == sorted(order)
    assert ">Reach<" not in form
    assert form.index('name="is_vip"') < form.index('name="type"')
    assert "Square metres" not in form
    record = browser.get("/customer/customers/1").text
    assert "North" in record
    assert ">Booked<" in record
    posted = {"name": "Acme", "type": "organisation", "kind": "active", "hall": "South", "version": "1"}
    answer = browser.post("/customer/customers/1/edit", posted)
    assert answer.status_code == 303, re.findall("gx-error.*?<span>(.*?)<", answer.text)
    assert api.get(f"{_CUSTOMERS}/1").get_json()["hall"] == "South"


def test_a_view_that_names_them_opens_where_they_are_gone_and_has_them_again(
    site: Site, doors: tuple[ApiClient, Browser]
) -> None:
    api, browser = doors
    api.post(_CUSTOMERS, json={"name": "Acme", "booth_size": 24})
    wanted = "columns=name,booth_size&booth_size.gte=5&sort=-booth_size"
    kept = browser.post(
        f"/customer/customers/views/new?{wanted}", {"name": "Big", "audience": "private"},
        headers={"HX-Request": "true"},
    )  # fmt: skip
    assert kept.status_code == 204
    [view] = api.get(f"{_CUSTOMERS}/views").get_json()["items"]
    opened = f"/customer/customers?view={view['id']}"
    assert "Booth size" in browser.get(opened).text

    site.switched(site.tenants["both"], "customer", "wine")
    page = browser.get(opened)
    # As with any condition its reader cannot use any more: nothing is shown rather than too much.
    assert page.status_code == 200
    assert "Booth size" not in page.text
    assert "Acme" not in page.text
    assert "Acme" in browser.get("/customer/customers").text
    described = api.get("openapi.json").text
    assert "booth_size" not in described
    assert "grape" in described
    assert api.get(f"{_CUSTOMERS}?booth_size.gte=5").status_code == 422
    assert api.get(f"{_CUSTOMERS}/1").get_json().keys().isdisjoint({"booth_size", "stands", "hall"})
    assert api.post(f"{_CUSTOMERS}/1/actions/book", json={}).status_code == 404
    assert api.patch(f"{_CUSTOMERS}/1", json={"hall": "x"}).status_code == 422
    form = browser.get("/customer/customers/1/edit").text
    assert ">Reach<" in form
    assert "Booth size" not in form

    site.switched(site.tenants["both"], "customer", "fair", "wine")
    assert api.get(f"{_CUSTOMERS}/1").get_json()["booth_size"] == 24
    assert "Booth size" in browser.get(opened).text
    assert "booth_size" in api.get("openapi.json").text
