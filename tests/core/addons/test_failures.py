"""What the platform's administrator reads of an error: words of the program, nothing of a tenant."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from core.addons.failures import Failure, failure_of
from core.errors import Conflict
from core.i18n import _l

NOW = datetime(2026, 3, 1, tzinfo=UTC)
#: Of a tenant.
NAME = "Zhou Min 13800138000"


class CarTaken(Conflict):
    message = _l("The car of %(owner)s is taken.")


class Mute(Exception):
    def __str__(self) -> str:
        raise ValueError(NAME)


def _failure(function: Callable[[], Any]) -> Failure:
    with pytest.raises(Exception) as caught:
        function()
    return failure_of(caught.value, function, NOW)


def _formatted() -> None:
    raise ValueError(f"no car for {NAME} in this garage")


def _percent() -> None:
    raise ValueError("no car for %s in this garage" % NAME)  # noqa: UP031


def _told() -> None:
    raise ValueError(NAME)


def _key() -> None:
    dict[str, int]()["registration"]


def _foreign_key() -> None:
    dict[str, int]()[NAME]


def _number() -> None:
    int(NAME)


def _refusal() -> None:
    raise CarTaken(owner=NAME)


def _part_of_a_word() -> None:
    kept = {"hou": 1}
    raise ValueError(f"no {NAME} among {len(kept)}")


def _mute() -> None:
    raise Mute


def _deeper() -> None:
    _formatted()


@pytest.mark.parametrize(
    ("function", "error", "sentence"),
    [
        (_formatted, "ValueError", "no car for … in this garage"),
        (_percent, "ValueError", "no car for … in this garage"),
        (_deeper, "ValueError", "no car for … in this garage"),
        (_told, "ValueError", ""),
        (_key, "KeyError", "…registration…"),
        (_foreign_key, "KeyError", ""),
        (_number, "ValueError", ""),
        (_refusal, "CarTaken", "The car of … is taken."),
        (_part_of_a_word, "ValueError", "… among …"),
        (_mute, "Mute", ""),
    ],
)
def test_an_error_says_what_the_program_says(function: Callable[[], Any], error: str, sentence: str) -> None:
    failure = _failure(function)
    assert (failure.error, failure.sentence, failure.at) == (error, sentence, NOW)
    assert not any(word in repr(failure) for word in NAME.split())


def test_an_error_names_the_line_of_the_addon() -> None:
    line = _formatted.__code__.co_firstlineno + 1
    assert _failure(_formatted).place == f"{__name__}:{line}"
    assert _failure(_deeper).place.startswith(f"{__name__}:")


@pytest.mark.parametrize(
    ("statement", "error", "said"),
    [
        ("select * from no_such_table", "UndefinedTable", "no_such_table"),
        (f"select '{NAME}'::int", "InvalidTextRepresentation", ""),
        (
            f"insert into core_unit (code, name) values ('{NAME}', 'a'), ('{NAME}', 'b')",
            "UniqueViolation",
            "duplicate key value violates unique constraint",
        ),
    ],
)
def test_of_the_database_names_are_told_and_values_are_not(
    session: Session, statement: str, error: str, said: str
) -> None:
    failure = _failure(lambda: session.execute(text(statement)))
    assert failure.error == error
    assert said in failure.sentence
    assert bool(failure.sentence) == bool(said)
    assert not any(word in repr(failure) for word in NAME.split())
