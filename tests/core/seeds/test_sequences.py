"""Whatever upgrades, edits, deletions and archivings follow one another, a tenant loses nothing."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.access.actor import OPERATOR
from core.db.session import attempt
from tests.core.seeds.conftest import Shop

_KEYS = ("harbour", "crane")
_FIELDS = ("name", "city")
_WORDS = st.sampled_from(["Oslo", "Bergen", "Bodø"])
_EDIT = st.tuples(st.just("edit"), st.sampled_from(_KEYS), st.sampled_from(_FIELDS), _WORDS)
_STATE = st.tuples(st.sampled_from(["delete", "archive", "restore"]), st.sampled_from(_KEYS))
_UPGRADE = st.tuples(st.just("upgrade"), *[_WORDS] * 4)


def _file(words: tuple[str, ...]) -> str:
    first, second = words[:2], words[2:]
    records = [
        f"  - {{id: {key}, name: {name}, city: {city}}}\n"
        for key, (name, city) in zip(_KEYS, (first, second), strict=True)
    ]
    return "resource: customer.customer\nmode: managed\nrecords:\n" + "".join(records)


class _Tenant:
    """What a tenant has made of two records, and so may expect to find."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.service = shop.kernel.resources["customer.customer"].service
        #: What was last supplied while the record was there to take it.
        self.shipped: dict[str, dict[str, str]] = {}
        #: What the tenant has written into a field, where that was another value than the supplied one.
        self.edits: dict[tuple[str, str], str] = {}
        self.deleted: set[str] = set()
        self.archived: set[str] = set()
        #: As they were when they were put away, or before.
        self.present: dict[str, dict[str, Any]] = {}

    def do(self, what: str, *how: str) -> None:
        """One step."""
        if what == "upgrade":
            self.upgrade(how)
        elif how[0] in self.deleted:
            return
        elif what == "edit":
            key, name, value = how
            self.shop.edit(key, **{name: value})
            self.present[key][name] = value
            if value == self.shipped[key][name]:
                self.edits.pop((key, name), None)
            else:
                self.edits[key, name] = value
        elif what == "delete":
            self.service.delete(self.shop.session, [self.shop.number(how[0])], actor=OPERATOR)
            self.deleted.add(how[0])
        else:
            act = self.service.archive if what == "archive" else self.service.restore
            act(self.shop.session, [self.shop.number(how[0])], actor=OPERATOR)
            (self.archived.add if what == "archive" else self.archived.discard)(how[0])

    def upgrade(self, words: tuple[str, ...]) -> None:
        """A new version, and the same once more, which must find nothing to do."""
        self.shop.upgrade(_file(words))
        for key, values in zip(_KEYS, (words[:2], words[2:]), strict=True):
            if key in self.archived | self.deleted:  # nothing has reached the record
                continue
            self.shipped[key] = dict(zip(_FIELDS, values, strict=True))
            for name, value in self.shipped[key].items():
                if self.edits.get((key, name), value) == value:
                    self.edits.pop((key, name), None)
            self.present[key] = self.shipped[key] | {
                name: value for (other, name), value in self.edits.items() if other == key
            }
        again = self.shop.upgrade()
        assert (again.written, again.updated) == ([], [])

    def check(self) -> None:
        """Look at what is stored."""
        resource = self.shop.kernel.resources["customer.customer"]
        table = resource.table
        rows = self.shop.session.execute(table.select()).mappings().all()
        stored = {row["id"]: {name: row[name] for name in _FIELDS} for row in rows}
        expected = {self.shop.number(key): self.present[key] for key in _KEYS if key not in self.deleted}
        assert stored == expected


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_UPGRADE, st.lists(st.one_of(_UPGRADE, _EDIT, _EDIT, _STATE), max_size=8))
def test_a_tenants_edits_and_deletions_are_never_lost(
    shop: Shop, first: tuple[str, ...], steps: list[tuple[str, ...]]
) -> None:
    with attempt(shop.session):
        tenant = _Tenant(shop)
        for step in (first, *steps):
            tenant.do(*step)
            tenant.check()
