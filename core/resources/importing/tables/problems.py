"""Why a file is no table we can read."""

from __future__ import annotations

from collections.abc import Sequence

from core.errors import Invalid
from core.i18n import Lazy, _l


class UnreadableFile(Invalid):
    """A file is no table we can read; ``reason`` says why."""

    code = "unreadable-file"
    message = _l("This file cannot be imported: %(reason)s.")

    def __init__(self, reason: str | Lazy) -> None:
        super().__init__(reason=reason)


class WrongKind(UnreadableFile):
    """It is something else altogether: a picture, a program, a PDF."""

    status, code = 415, "not-a-table"
    title = _l("Not this kind of content")


class TooMuch(UnreadableFile):
    """It is a table, but larger than what is read."""

    status, code = 413, "table-too-large"
    title = _l("Too large")


class UnclearHeader(UnreadableFile):
    """Names of columns are missing or there twice; ``numbered`` reading would tell them apart."""

    code = "unclear-header"

    def __init__(self, reason: str | Lazy, columns: Sequence[str]) -> None:
        super().__init__(reason)
        #: As the file has them.
        self.columns = list(columns)
