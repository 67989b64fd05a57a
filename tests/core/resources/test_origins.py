"""Where the values of a record come from."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from core.access.actor import OPERATOR, Actor
from core.kernel import Kernel
from core.resources.change_sets import collecting, open_set
from core.resources.gateway import Gateway
from core.resources.origins import Origin, origins
from core.testing.plugin import Browser, MakeActor

Found = Callable[..., dict[str, Origin]]


@pytest.fixture
def found(kernel: Kernel, session: Session) -> Found:
    def asked(number: int, actor: Actor = OPERATOR) -> dict[str, Origin]:
        resource, gateway = kernel.resources["customer.customer"], Gateway(session, actor)
        return origins(gateway, resource, gateway.get(resource, number))

    return asked


def _later(session: Session) -> None:
    """Let what was written so far lie an hour back; a test is one transaction, with one time."""
    session.execute(text("update core_timeline_entry set created_at = created_at - interval '1 hour'"))
    session.execute(text("update core_change_set_row set at = at - interval '1 hour'"))


def test_each_value_comes_from_who_wrote_it_last(
    kernel: Kernel, session: Session, found: Found, actor_as: MakeActor
) -> None:
    service = kernel.resources["customer.customer"].service
    ann, ben = actor_as("administrator", name="Ann"), actor_as("administrator", name="Ben")
    [number] = service.create(session, [{"name": "Lotus", "city": "York", "source": "Fair"}], actor=ann)
    _later(session)
    service.update(session, number, {"city": "Leeds", "source": None}, actor=ben)
    origin = found(number)
    assert (origin["name"].author, origin["city"].author) == ("Ann", "Ben")
    assert origin["city"].at > origin["name"].at
    assert "source" not in origin
    assert "phone" not in origin


def test_what_an_import_wrote_is_told_with_its_file(kernel: Kernel, session: Session, found: Found) -> None:
    resource = kernel.resources["customer.customer"]
    service = resource.service
    first = open_set(session, "import", resource, actor=OPERATOR, label="customers.csv")
    with collecting(session, first):
        [number] = service.create(session, [{"name": "Lotus", "city": "York", "level": "A"}], actor=OPERATOR)
    _later(session)
    second = open_set(session, "bulk", resource, actor=OPERATOR, label="Edit fields: Customers (1)")
    with collecting(session, second):
        service.update(session, number, {"level": "B"}, actor=OPERATOR)
    _later(session)
    service.update(session, number, {"city": "Hull"}, actor=OPERATOR)
    told = {name: (each.channel, each.file) for name, each in found(number).items()}
    assert told["name"] == ("import", "customers.csv")
    assert told["level"] == ("bulk", "")
    assert told["city"] == ("", "")


def test_the_page_tells_it_in_a_dialog(client: Callable[..., Browser]) -> None:
    browser = client(name="Ann")
    browser.post("/customer/customers/new", {"name": "Lotus", "city": "York"})
    assert 'data-dialog="/customer/customers/1/origins"' in browser.get("/customer/customers/1").text
    dialog = browser.get("/customer/customers/1/origins").text
    assert "York" in dialog
    assert "Ann · " in dialog


def test_a_record_out_of_reach_tells_nothing(client: Callable[..., Browser]) -> None:
    client().post("/customer/customers/new", {"name": "Lotus"})
    assert client("account_manager").get("/customer/customers/1/origins").status_code == 404
