"""COPY writes what INSERT writes."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Engine,
    Identity,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    String,
    Table,
    Text,
    UniqueConstraint,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.db import rows as module
from core.db.rows import MANY, insert_rows

TEXTS = [
    "Acme", "北京 华信", "", " ", "a\tb\\n", "\\N", "\\.", "line\nbreak\r\n", "\v\f\b", "'q'\"{},", "𠮷",
    "NULL",
]  # fmt: skip


@pytest.fixture
def session(owner_engine: Engine) -> Iterator[Session]:
    """A session that may make tables; what it makes is rolled back."""
    with Session(owner_engine) as session:
        yield session
        session.rollback()


@pytest.fixture
def table(session: Session) -> Table:
    """A table with a column of every kind."""
    table = Table(
        "every_kind",
        MetaData(),
        Column("id", BigInteger, Identity(), primary_key=True),
        Column("short", String(40)),
        Column("long", Text),
        Column("number", Integer),
        Column("amount", Numeric(18, 4)),
        Column("flag", Boolean, server_default="true"),
        Column("day", Date),
        Column("moment", DateTime(timezone=True)),
        Column("tags", ARRAY(String(40))),
        Column("numbers", ARRAY(Integer)),
        Column("data", JSONB(none_as_null=True)),
        Column("order", Integer),
        UniqueConstraint("order"),
        prefixes=["temp"],
    )
    table.create(session.connection())
    return table


def _values(seed: random.Random, number: int) -> dict[str, Any]:
    def maybe(value: Any) -> Any:
        return None if seed.random() < 0.2 else value

    return {
        "short": maybe(seed.choice(TEXTS)),
        "long": maybe(seed.choice(TEXTS) * 3),
        "number": maybe(seed.randrange(-(2**31), 2**31)),
        "amount": maybe(Decimal(seed.randrange(10**9)) / 10**4),
        "flag": maybe(seed.random() < 0.5),
        "day": maybe(date(1000 + seed.randrange(8000), 2, 28)),
        "moment": maybe(datetime(2026, 1, 31, 23, 59, 59, seed.randrange(10**6), tzinfo=UTC)),
        "tags": maybe([seed.choice(TEXTS) for _ in range(seed.randrange(4))]),
        "numbers": maybe([seed.randrange(-(2**31), 2**31) for _ in range(seed.randrange(4))]),
        "data": maybe({"text": seed.choice(TEXTS), "list": [1, None, {"a": "b\\n"}]}),
        "order": number,
    }


def _stored(session: Session, table: Table) -> list[tuple[Any, ...]]:
    return [tuple(row)[1:] for row in session.execute(select(table).order_by(table.c.order))]


def test_many_rows_are_stored_as_few_are(
    session: Session, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed = random.Random(5)
    rows = [_values(seed, number) for number in range(400)]
    numbers = insert_rows(session, table, rows, numbered=True)
    copied = _stored(session, table)
    ordered = session.scalars(select(table.c.id).order_by(table.c.order)).all()
    assert numbers == ordered
    session.execute(table.delete())
    monkeypatch.setattr(module, "MANY", len(rows) + 1)
    numbers = insert_rows(session, table, rows, numbered=True)
    assert _stored(session, table) == copied
    assert numbers == session.scalars(select(table.c.id).order_by(table.c.order)).all()


def test_what_no_row_names_has_its_default(session: Session, table: Table) -> None:
    insert_rows(session, table, [{"order": number} for number in range(MANY)])
    assert set(session.scalars(select(table.c.flag))) == {True}


@pytest.mark.parametrize("count", [2, MANY])
def test_a_refused_row_is_told_alike(session: Session, table: Table, count: int) -> None:
    rows = [{"order": 0} for _ in range(count)]
    with pytest.raises(IntegrityError) as caught, session.begin_nested():
        insert_rows(session, table, rows)
    assert caught.value.orig.diag.constraint_name == "every_kind_order_key"  # type: ignore[union-attr]
    assert _stored(session, table) == []


@pytest.mark.parametrize("count", [2, MANY])
def test_what_some_rows_name_has_its_default_in_the_others(session: Session, count: int) -> None:
    column = Column("word", String(40), default="usual", nullable=False)
    mixed = Table("mixed", MetaData(), Column("order", Integer), column, prefixes=["temp"])
    mixed.create(session.connection())
    insert_rows(session, mixed, [{"order": 0, "word": "own"}, *({"order": n} for n in range(1, count))])
    assert session.scalars(select(mixed.c.word).order_by(mixed.c.order)).all() == [
        "own",
        *["usual"] * (count - 1),
    ]


def test_types_copy_does_not_know_are_inserted(session: Session) -> None:
    odd = Table("odd", MetaData(), Column("data", LargeBinary), prefixes=["temp"])
    odd.create(session.connection())
    insert_rows(session, odd, [{"data": b"\x00\xff"}] * MANY)
    assert set(session.scalars(select(odd.c.data))) == {b"\x00\xff"}
