"""Whether everything the core and the addons say is said in both languages."""

from __future__ import annotations

from core.kit.texts.catalogues import CATALOGUES, Book, Key, first, key_of
from core.kit.texts.problems import Problem
from core.kit.texts.rooms import Room, contradictions, problems_of, prune, room_at, update

__all__ = [
    "CATALOGUES",
    "Book",
    "Key",
    "Problem",
    "Room",
    "contradictions",
    "first",
    "key_of",
    "problems_of",
    "prune",
    "room_at",
    "update",
]
