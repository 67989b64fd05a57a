"""The look for duplicates while somebody types: what it takes in the database."""

from __future__ import annotations

import time
from collections.abc import Callable
from random import Random
from typing import Any, Final

from sqlalchemy import event, text

from core.resources.duplicates import find_duplicates
from core.resources.gateway import Gateway
from tests.bench.context import Bench
from tests.bench.figures import Figure, Times

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
    return [
        Figure(kind, times.p95, "ms", BUDGET, ours=str(times))
        for kind, make in _KINDS.items()
        for times in [_asked(bench, [make(row) for row in rows])]
    ]


def _asked(bench: Bench, inputs: list[_Values]) -> Times:
    """The best of some tries for each: what other programs do meanwhile is no part of it."""
    actor, engine, times = bench.actor(), bench.kernel.database.engine, Times()
    resource = bench.kernel.resources["customer.customer"]
    spent, began = [0.0], [0.0]

    def before(*_given: Any) -> None:
        began[0] = time.perf_counter()

    def after(*_given: Any) -> None:
        spent[0] += time.perf_counter() - began[0]

    event.listen(engine, "before_cursor_execute", before)
    event.listen(engine, "after_cursor_execute", after)
    try:
        for values in inputs:
            tries = []
            for _ in range(2 if bench.quick else 4):
                with bench.kernel.database.session(bench.tenant) as session:
                    session.connection()  # binding is no part of it
                    spent[0] = 0.0
                    find_duplicates(Gateway(session, actor), resource, values)
                    tries.append(spent[0])
            times.values.append(min(tries))
    finally:
        event.remove(engine, "before_cursor_execute", before)
        event.remove(engine, "after_cursor_execute", after)
    return times


_KINDS: Final[dict[str, Callable[[_Values], _Values]]] = {
    "name": lambda row: {"name": row["name"]},
    "phone": lambda row: {"phone": row["phone"]},
    "name, phone, e-mail and tax number": lambda row: {name: row[name] for name in _FIELDS if row[name]},
    "a name and a phone nobody has": lambda row: {"name": f"{row['name']} qxzv", "phone": "+8619900000000"},
}
