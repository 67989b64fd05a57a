"""The page of supplied data: how records stand, taking what is supplied, bringing back what is gone."""

from __future__ import annotations

from collections.abc import Callable

from core.access.actor import OPERATOR
from core.db.tenancy import Tenant
from core.kernel import Kernel
from core.resources.gateway import Gateway
from core.seeds import record_of
from core.seeds.supplying import supply
from core.testing.plugin import Browser

_PAGE = "/settings/supplied"


def test_supplied_data_can_be_seen_taken_and_brought_back(
    client: Callable[..., Browser], kernel: Kernel, tenant: Tenant
) -> None:
    [told] = supply(kernel.database, kernel.seeds, tenant)
    assert told.written == ["customer.bant"]
    browser, standards = client(), kernel.resources["customer.standard"]
    with kernel.database.unit_of_work(tenant) as session:
        number = record_of(session, "customer.bant") or 0
        standards.service.update(session, number, {"threshold": 33}, actor=OPERATOR)
    page = browser.get(_PAGE).text
    assert f'href="/customer/standards/{number}"' in page
    assert "Edited by you" in page
    assert page.index('<td data-label="With you">33</td>') < page.index('<td data-label="Supplied">70</td>')
    take = f"{_PAGE}/take?key=customer.bant&field=threshold"
    assert client("executive").post(take).status_code == 404
    assert browser.post(take).status_code == 303
    assert "As supplied" in browser.get(_PAGE).text
    with kernel.database.unit_of_work(tenant) as session:
        assert Gateway(session, OPERATOR).get(standards, number)["threshold"] == 70
        standards.service.delete(session, [number], actor=OPERATOR)
    page = browser.get(_PAGE).text
    assert "Deleted by you" in page
    assert browser.post(f"{_PAGE}/take?key=customer.bant&field=threshold").status_code == 404
    assert browser.post(f"{_PAGE}/bring-back?key=customer.bant").status_code == 303
    with kernel.database.unit_of_work(tenant) as session:
        again = record_of(session, "customer.bant") or 0
        assert again != number
        assert Gateway(session, OPERATOR).get(standards, again)["name"] == "BANT"
    assert "与预置一致" in client(language="zh").get(_PAGE).text


def test_nobody_else_finds_the_page(client: Callable[..., Browser]) -> None:
    assert client("executive").get(_PAGE).status_code == 404
    page = client(tenant="bare", language="zh").get(_PAGE).text
    assert "没有预置数据" in page
