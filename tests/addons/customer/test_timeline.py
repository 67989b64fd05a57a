"""Activities in the history of customers and contacts."""

from __future__ import annotations

import functools
import operator
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from markupsafe import Markup
from sqlalchemy import text
from sqlalchemy.orm import Session

from addons.customer.queries import done_at
from core.access.actor import OPERATOR, Actor
from core.kernel import Kernel
from core.resources import timeline
from core.resources.gateway import Gateway
from core.testing.plugin import Browser, MakeActor
from core.web.view_models import TimelineEntry

Make = Callable[..., int]
Clients = Callable[..., Browser]
NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def seed(kernel: Kernel, committed: Callable[[], Any]) -> Callable[..., list[int]]:
    """Commits records: ``seed("customer.activity", {"subject": "Talk"}, ...)``."""

    def seed(resource: str, *rows: dict[str, Any]) -> list[int]:
        with committed() as session:
            return kernel.resources[resource].service.create(session, list(rows), actor=OPERATOR)

    return seed


def entries(page: str) -> list[str]:
    """The titles of a history, in their order."""
    found = re.findall(
        r'<div class="gx-entry-head"><(?:a class="gx-entry-title" href="[^"]*"|b)>(.*?)</(?:a|b)>', page
    )
    return [unescape(each) for each in found]


def pages(browser: Browser, url: str) -> list[list[str]]:
    """The titles of each page of a history, to its end."""
    found, more = [], url
    while more:
        answer = browser.get(more, headers={"HX-Request": "true"})
        assert answer.status_code == 200
        found.append(entries(answer.text))
        next_one = re.search(r'hx-get="([^"]*(?:before|until)=[^"]*)"', answer.text)
        more = unescape(next_one[1]) if next_one else ""
        assert len(found) < 20
    return found


def talk(number: int, **values: Any) -> dict[str, Any]:
    """A talk ``number`` hours after noon."""
    done = (NOON + timedelta(hours=number)).isoformat()
    return {"subject": f"Talk {number}", "kind": "call", "done_at": done, **values}


def test_done_activities_stand_among_the_changes_of_a_customer(client: Clients, seed: Any) -> None:
    browser = client("administrator")
    [acme] = seed("customer.customer", {"name": "Acme"})
    [lin] = seed("customer.contact", {"name": "Lin <Yue>", "customer": acme})
    said = {"minutes": 25, "outcome": "Interested", "body": "First <line>\nSecond", "contact": lin}
    [call, *_rest] = seed(
        "customer.activity",
        talk(1, customer=acme, direction="in", **said),
        {"subject": "To do", "kind": "task", "customer": acme},
        {"subject": "Of others", "kind": "visit", "done_at": NOON.isoformat()},
    )
    page = browser.get(f"/customer/customers/{acme}").text
    assert entries(page) == ["Created", "Call · Talk 1"]
    shown = page[page.index("Call · Talk 1") :]
    assert f'href="/customer/activities/{call}">Call · Talk 1<' in page
    assert "First &lt;line&gt;<br>Second" in shown
    assert "Lin &lt;Yue&gt; · 25 minutes · Interested" in shown
    mine = browser.get(f"/customer/contacts/{lin}").text
    assert entries(mine) == ["Created", "Call · Talk 1"]
    assert "Acme · 25 minutes · Interested" in mine


def test_communication_is_seen_alone_and_notes_without_it(client: Clients, seed: Any) -> None:
    browser = client("administrator")
    [acme] = seed("customer.customer", {"name": "Acme"})
    seed("customer.activity", talk(1, customer=acme, subject="Visit", kind="visit"))
    url = f"/customer/customers/{acme}"
    browser.post(f"{url}/notes", {"body": "A note"})
    assert entries(browser.get(url).text) == ["Note", "Created", "Visit"]
    assert pages(browser, f"{url}/timeline?segment=communication") == [["Visit"]]
    assert pages(browser, f"{url}/timeline?segment=notes") == [["Note"]]
    assert pages(browser, f"{url}/timeline?segment=changes") == [["Created"]]
    assert "segment=communication" in browser.get(url).text
    [activity] = seed("customer.activity", talk(2))
    assert "segment=communication" not in browser.get(f"/customer/activities/{activity}").text


@pytest.mark.parametrize("same_moment", [False, True])
def test_pages_of_a_long_history_lose_and_double_nothing(
    client: Clients, seed: Any, committed: Any, kernel: Kernel, same_moment: bool
) -> None:
    browser = client("administrator")
    [acme] = seed("customer.customer", {"name": "Acme"})
    many = timeline.PAGE * 2 + 5
    seed(
        "customer.activity",
        *(talk(0 if same_moment and n % 3 else n, customer=acme, subject=f"T{n}") for n in range(many)),
    )
    with committed() as session:
        gateway = Gateway(session, OPERATOR)
        for number in range(many):
            timeline.add_note(gateway, kernel.resources["customer.customer"], acme, f"Note {number}")
        # notes in between the talks, some of them at the very moment of one
        session.execute(
            text(
                "update core_timeline_entry set created_at = :noon + make_interval(mins => (id * 37)::int)"
                " where resource = 'customer.customer' and record_id = :id"
            ),
            {"noon": NOON, "id": acme},
        )
    shown = pages(browser, f"/customer/customers/{acme}/timeline")
    titles = [title for page in shown for title in page]
    assert sorted(title for title in titles if title.startswith("Call")) == sorted(
        f"Call · T{n}" for n in range(many)
    )
    assert titles.count("Note") == many
    assert titles.count("Created") == 1
    assert len(shown) > 3
    talks = pages(browser, f"/customer/customers/{acme}/timeline?segment=communication")
    assert sorted(functools.reduce(operator.iadd, talks, [])) == sorted(f"Call · T{n}" for n in range(many))


def test_entries_stand_newest_first(client: Clients, seed: Any, committed: Any) -> None:
    browser = client("administrator")
    [acme] = seed("customer.customer", {"name": "Acme"})
    seed(
        "customer.activity", talk(1, customer=acme, subject="Before"), talk(3, customer=acme, subject="After")
    )
    with committed() as session:
        session.execute(
            text("update core_timeline_entry set created_at = :at where record_id = :id"),
            {"at": NOON + timedelta(hours=2), "id": acme},
        )
    assert entries(browser.get(f"/customer/customers/{acme}").text) == [
        "Call · After", "Created", "Call · Before"
    ]  # fmt: skip


def test_an_address_with_a_broken_moment_shows_the_newest(client: Clients, seed: Any) -> None:
    browser = client("administrator")
    [acme] = seed("customer.customer", {"name": "Acme"})
    seed("customer.activity", talk(1, customer=acme))
    for until in ("x", "2025-01-01", "2025-01-01T00:00:00", "9" * 40):
        answer = browser.get(f"/customer/customers/{acme}/timeline?until={until}")
        assert entries(answer.text) == ["Created", "Call · Talk 1"], until


def test_only_activities_within_reach_are_shown(
    session: Session, actor_as: MakeActor, make_customer: Make, make_activity: Make
) -> None:
    manager = actor_as("account_manager")
    mine, other = make_customer(owner=manager.user_id), make_customer()
    make_activity(customer=mine, subject="Seen", done_at=NOON)
    make_activity(customer=other, subject="Hidden", done_at=NOON)
    bounds: dict[str, Any] = {"since": None, "until": None, "limit": 5}
    assert [each["subject"] for each in done_at(session, manager, customer_id=mine, **bounds)] == ["Seen"]
    assert done_at(session, manager, customer_id=other, **bounds) == []


def test_a_full_answer_holds_all_of_its_last_moment(
    session: Session, operator: Actor, make_customer: Make, make_activity: Make
) -> None:
    acme = make_customer()
    for number in range(5):
        make_activity(customer=acme, subject=f"Same {number}", done_at=NOON)
    make_activity(customer=acme, subject="Later", done_at=NOON + timedelta(hours=1))
    make_activity(customer=acme, subject="Older", done_at=NOON - timedelta(hours=1))
    found = done_at(session, operator, customer_id=acme, since=None, until=None, limit=2)
    assert found[0]["subject"] == "Later"
    assert sorted(each["subject"] for each in found[1:]) == [f"Same {number}" for number in range(5)]
    older = done_at(session, operator, customer_id=acme, since=None, until=NOON, limit=2)
    assert [each["subject"] for each in older] == ["Older"]


def test_what_another_addon_brings_keeps_to_its_place_or_stays_out(
    client: Clients, seed: Any, kernel: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = client("administrator")
    [acme] = seed("customer.customer", {"name": "Acme"})
    asked: list[dict[str, Any]] = []
    call = kernel.hooks.call

    def brought(addons: frozenset[str], name: str, **arguments: Any) -> list[Any]:
        if name != "timeline_entries":
            return call(addons, name, **arguments)
        asked.append(arguments)
        moments = ("2025-03-01T12:00:00+00:00", "2025-03-01T12:00:00", "some day")
        return [
            TimelineEntry(number, "sms", "mail", "info", f"Message {number}", Markup(), "", at)
            for number, at in enumerate(moments)
        ]

    monkeypatch.setattr(kernel.hooks, "call", brought)
    url = f"/customer/customers/{acme}"
    assert entries(browser.get(url).text) == ["Created", "Message 0"]
    assert (asked[0]["record_id"], asked[0]["since"], asked[0]["until"]) == (acme, None, None)
    later = browser.get(f"{url}/timeline", query_string={"until": "2025-03-01T12:00:00+00:00"})
    assert entries(later.text) == ["Created"]
