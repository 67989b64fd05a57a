from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from core.i18n import language, speaking
from core.resources.importing.ahead import ahead


def _threads() -> list[str]:
    return [each.name for each in threading.enumerate() if each.name == "ahead"]


def test_items_come_in_their_order_from_one_thread() -> None:
    makers: set[str] = set()

    def items() -> Iterator[int]:
        for number in range(50):
            makers.add(threading.current_thread().name)
            yield number

    assert list(ahead(items())) == list(range(50))
    assert makers == {"ahead"}
    assert _threads() == []


def test_what_is_raised_comes_in_its_turn() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ValueError("broken")

    found = ahead(items())
    assert next(found) == 1
    with pytest.raises(ValueError, match="broken"):
        next(found)
    assert _threads() == []


def test_nothing_is_made_for_nobody() -> None:
    made: list[int] = []

    def items() -> Iterator[int]:
        for number in range(1000):
            made.append(number)
            yield number

    found = ahead(items())
    assert next(found) == 0
    found.close()
    assert _threads() == []
    assert len(made) <= 4


def test_the_language_is_that_of_whoever_asks() -> None:
    with speaking("zh"):
        assert list(ahead(language() for _each in range(2))) == ["zh", "zh"]
