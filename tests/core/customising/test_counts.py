"""Added fields cost no further statements, nor do links among them, however many records there are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from core.testing.plugin import Browser
from tests.core.conftest import Statements
from tests.core.customising.conftest import CUSTOMER

FIELDS = f"/settings/customisation/{CUSTOMER}/new?kind="


def test_pages_send_as_many_statements_as_without(
    client: Callable[..., Browser], statements: Statements, committed: Callable[[], Any]
) -> None:
    admin = client()
    admin.post("/customer/customers/new", {"name": "Aster"})
    pages = ("/customer/customers", "/customer/customers/1", "/customer/customers/1/edit")

    def count() -> list[int]:
        found = []
        for page in pages:
            admin.get(page)
            with statements() as sent:
                assert admin.get(page).status_code == 200
            found.append(len(sent))
        return found

    before = count()
    for kind, label, more in (
        ("text", "Booth", {}),
        ("link", "Sponsor", {"target": CUSTOMER}),
        ("tags", "Topics", {}),
        ("integer", "Size", {}),
    ):
        added = admin.post(FIELDS + kind, {"label_en": label, "in_list": "1", **more})
        assert added.status_code == 303
    assert count() == before
    for number in range(5):
        values = {"name": f"No. {number}", "x_booth": "7", "x_sponsor": "1", "x_topics": ["a", "b"]}
        assert admin.post("/customer/customers/new", values).status_code == 303
    assert count() == before


def test_definitions_are_read_once_a_version(
    client: Callable[..., Browser], statements: Statements, committed: Callable[[], Any]
) -> None:
    admin = client()
    admin.post(f"{FIELDS}text", {"label_en": "Booth"})
    reads = []
    for _request in range(3):
        with statements() as sent:
            assert admin.get("/customer/customers").status_code == 200
        reads.append(sum("core_custom_field" in each for each in sent))
    assert reads == [1, 0, 0]
