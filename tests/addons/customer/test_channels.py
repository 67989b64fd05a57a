"""How customers became known: from a card, of a lead; and what the history tells of it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from core.access.actor import OPERATOR
from core.kernel import Kernel
from core.testing.plugin import ApiClient, Browser

Committed = Callable[[], AbstractContextManager[Session]]
Told = Callable[[str], list[tuple[str, str | None]]]


@pytest.fixture
def told(committed: Committed) -> Told:
    """What happened to records, and through what: ``[(kind, channel)]`` in order."""

    def read(resource: str) -> list[tuple[str, str | None]]:
        with committed() as session:
            statement = text(
                "select kind, channel from core_timeline_entry where resource = :resource order by id"
            )
            return [tuple(row) for row in session.execute(statement, {"resource": resource})]

    return read


@pytest.fixture
def lead(kernel: Kernel, committed: Committed) -> int:
    """A lead that can be converted."""
    with committed() as session:
        values = {"company": "Lotus Tea", "name": "Lin Yue", "state": "qualified"}
        [number] = kernel.resources["customer.lead"].service.create(session, [values], actor=OPERATOR)
        return number


@pytest.mark.parametrize("plural", ["leads", "contacts", "customers"])
def test_what_a_card_filled_in_came_from_a_card(
    client: Callable[..., Browser], told: Told, plural: str
) -> None:
    browser = client()
    written = "Lotus Tea Ltd.\nLin Yue, Head of Sales\n+44 20 7946 0123\nlin@example.com"
    read = browser.post(f"/customer/card/{plural}", {"text": written})
    assert read.status_code == 201
    # what the browser's script puts into the controls of the same names
    page = browser.get(f"/customer/{plural}/new").text
    assert '<input type="hidden" name="_channel" value="">' in page
    filled = dict(read.get_json()["fill"]["entries"])
    saved = browser.post(f"/customer/{plural}/new", filled)
    assert saved.status_code == 303, saved.text
    assert told(f"customer.{plural[:-1]}") == [("created", "card")]
    assert "Business card · Ada · " in browser.get(f"/customer/{plural}/1/origins").text


def test_what_a_lead_became_came_by_conversion_and_goes_by_an_undo(
    client: Callable[..., Browser], lead: int, told: Told
) -> None:
    browser = client(language="zh")
    browser.post(f"/customer/leads/{lead}/convert", {"customer": "new", "contact": "new"})
    assert told("customer.customer") == [("created", "conversion")]
    assert told("customer.contact") == [("created", "conversion")]
    assert told("customer.lead")[1:] == [("updated", "conversion")]
    assert "线索转化 · Ada · " in browser.get("/customer/customers/1/origins").text
    browser.post(f"/customer/leads/{lead}/undo-conversion")
    assert told("customer.lead")[1:] == [("updated", "conversion"), ("updated", "undo")]


def test_a_conversion_stays_one_among_many_and_by_the_api(
    api: Callable[..., ApiClient], lead: int, told: Told
) -> None:
    done = api().post("customer/leads/bulk", json={"ids": [lead], "action": "convert"})
    assert done.status_code == 200, done.get_json()
    assert told("customer.customer") == [("created", "conversion")]
