"""The quick search: what each kind of words takes in the database."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, Final

from sqlalchemy import text

from core.resources.gateway import Gateway
from core.resources.searching import search
from core.search.text import sounds_of
from tests.bench.context import Bench, database_times
from tests.bench.figures import Figure

TITLE = "Quick search, time in the database (p95)"
BUDGET: Final = 30
_SAMPLE: Final = text("""
    select name, phone, coalesce(email, ''), number from customer_customer
    where id = any(:numbers) order by id
""")
_Row = tuple[str, str, str, str]


def measure(bench: Bench) -> list[Figure]:
    """Different words of each kind, taken from stored customers, each asked a few times."""
    draw = Random(5)
    with bench.kernel.database.session(bench.tenant) as session:
        last = session.scalar(text("select max(id) from customer_customer")) or 1
        numbers = [draw.randrange(1, last) for _ in range(600)]
        rows = [tuple(row) for row in session.execute(_SAMPLE, {"numbers": numbers})]

    def ask(gateway: Gateway, words: str) -> None:
        search(gateway, words, bench.kernel.resources)

    return [
        Figure(kind, times.p95, "ms", BUDGET, ours=str(times))
        for kind, make in _KINDS.items()
        for times in [database_times(bench, _words(rows, make, 12 if bench.quick else 40), ask)]
    ]


def _words(rows: list[Any], make: Callable[[_Row], str], count: int) -> list[str]:
    found = dict.fromkeys(word for row in rows if (word := make(row)))
    return list(found)[:count]


def _chinese(name: str, length: int) -> str:
    """Characters from the middle of a Chinese name, where the brand stands."""
    return name[2 : 2 + length] if name[0] > "\u2e80" and len(name) >= 2 + length else ""


def _latin(name: str) -> str:
    return name.lower() if name.isascii() else ""


def _sound(name: str, *, full: bool) -> str:
    """The initials of a Chinese name's brand, or the first and a half of its syllables."""
    if name[0] <= "\u2e80" or len(name) < 4:
        return ""
    syllables = [sound for each in name[2:4] for sound in sounds_of(each)[:1]]
    if len(syllables) < 2:
        return ""
    return syllables[0] + syllables[1][:1] if full else syllables[0][0] + syllables[1][0]


_KINDS: Final[dict[str, Callable[[_Row], str]]] = {
    "one Chinese character": lambda row: _chinese(row[0], 1),
    "two Chinese characters": lambda row: _chinese(row[0], 2),
    "three Chinese characters": lambda row: _chinese(row[0], 3),
    "a whole name": lambda row: row[0],
    "beginning of a Western word": lambda row: _latin(row[0])[:3],
    "beginnings of two Western words": lambda row: " ".join(each[:3] for each in _latin(row[0]).split()[:2]),
    "initials in pinyin (zs)": lambda row: _sound(row[0], full=False),
    "pinyin begun (zhangs)": lambda row: _sound(row[0], full=True),
    "last four digits of a phone": lambda row: row[1][-4:],
    "four equal digits": lambda row: row[1][-1] * 4,
    "five digits within a phone": lambda row: row[1][-8:-3],
    "a whole phone number": lambda row: row[1],
    "local part of an e-mail": lambda row: row[2].partition("@")[0],
    "number of a record": lambda row: row[3],
    "no match": lambda row: "qxzv" + row[1][-3:],
}
