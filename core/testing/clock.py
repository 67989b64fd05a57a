"""The clock of the program, stopped for a test."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from importlib import import_module
from typing import Self

import pytest

#: Stops the clock at an instant, given as such or as ``2026-02-10T09:00+08:00``; without a zone it is UTC.
Freeze = Callable[[str | datetime], datetime]


class Clock:
    """What programs read as the present; the database's own clock goes on."""

    def __init__(self) -> None:
        self._stopped = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._stopped.close()

    def stop(self, at: str | datetime) -> datetime:
        """Stop it, or move it where it is stopped already; gives the instant in UTC."""
        try:
            time_machine = import_module("time_machine")
        except ImportError:
            pytest.fail("The clock is stopped by time-machine: pip install time-machine", pytrace=False)
        instant = datetime.fromisoformat(at) if isinstance(at, str) else at
        if instant.tzinfo is None:
            instant = instant.replace(tzinfo=UTC)
        self._stopped.close()
        self._stopped.enter_context(time_machine.travel(instant, tick=False))
        return instant.astimezone(UTC)
