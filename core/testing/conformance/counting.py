"""How many statements a page sends to the database."""

from __future__ import annotations

from typing import Any

from sqlalchemy import event

from core.kernel import Kernel
from core.testing.clients import Browser


def most_statements(kernel: Kernel, browser: Browser, path: str) -> int:
    """Open a page twice, so that what is worked out once is known, and count what the second time sends."""
    assert browser.get(path).status_code == 200, path
    sent: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        sent.append(statement)

    event.listen(kernel.database.engine, "before_cursor_execute", note)
    try:
        browser.get(path)
    finally:
        event.remove(kernel.database.engine, "before_cursor_execute", note)
    return len(sent)
