"""Doing the next thing while the present one is written: Python works while the database does."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterable
from contextvars import copy_context
from queue import Full, Queue
from typing import Final, TypeVar, cast

_Item = TypeVar("_Item")
#: Seconds between two looks at whether anybody still wants what is made.
_PATIENCE: Final = 0.2
_END: Final = object()


def ahead(items: Iterable[_Item]) -> Generator[_Item, None, None]:
    """Give items, one of them made in advance by a thread of its own.

    The thread asks nothing of the database. What it raises is raised here, in its turn; when nobody wants
    more, it ends.
    """
    made: Queue[object] = Queue(maxsize=1)
    is_over = threading.Event()

    def put(item: object) -> bool:
        while not is_over.is_set():
            try:
                made.put(item, timeout=_PATIENCE)
            except Full:
                continue
            return True
        return False

    def make() -> None:
        try:
            for item in items:
                if not put(item):
                    return
            put(_END)
        except BaseException as error:  # noqa: BLE001 - whatever it is belongs to the one who asks
            put(_Failure(error))

    maker = threading.Thread(target=copy_context().run, args=(make,), name="ahead", daemon=True)
    maker.start()
    try:
        while (item := made.get()) is not _END:
            if isinstance(item, _Failure):
                raise item.error
            yield cast("_Item", item)
    finally:
        is_over.set()
        maker.join()


class _Failure:
    def __init__(self, error: BaseException) -> None:
        self.error = error
