"""The look for duplicates while somebody types: what it takes in the database."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, Final

from sqlalchemy import text

from core.resources.duplicates import find_duplicates
from core.resources.gateway import Gateway
from tests.bench.context import Bench, database_times
from tests.bench.figures import Figure

TITLE = "Duplicates while typing, time in the database (p95)"
BUDGET: Final = 10
_FIELDS: Final = ("name", "phone", "email", "tax_number")
_SAMPLE: Final = text("""
    select name, phone, email, tax_number from customer_customer where id = any(:numbers) order by id
""")
_Values = dict[str, Any]


def measure(bench: Bench) -> list[Figure]:
    """Values of stored customers, by themselves and together, and some that nobody has."""
    draw = Random(7)
    with bench.kernel.database.session(bench.tenant) as session:
        last = session.scalar(text("select max(id) from customer_customer")) or 1
        numbers = [draw.randrange(1, last) for _ in range(12 if bench.quick else 40)]
        rows = [dict(row) for row in session.execute(_SAMPLE, {"numbers": numbers}).mappings()]
    resource = bench.kernel.resources["customer.customer"]

    def ask(gateway: Gateway, values: _Values) -> None:
        find_duplicates(gateway, resource, values)

    return [
        Figure(kind, times.p95, "ms", BUDGET, ours=str(times))
        for kind, make in _KINDS.items()
        for times in [database_times(bench, [make(row) for row in rows], ask)]
    ]


_KINDS: Final[dict[str, Callable[[_Values], _Values]]] = {
    "name": lambda row: {"name": row["name"]},
    "phone": lambda row: {"phone": row["phone"]},
    "name, phone, e-mail and tax number": lambda row: {name: row[name] for name in _FIELDS if row[name]},
    "a name and a phone nobody has": lambda row: {"name": f"{row['name']} qxzv", "phone": "+8619900000000"},
}
