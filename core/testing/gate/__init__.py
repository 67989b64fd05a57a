"""The walk along the gate: with an addon off, nothing of it can be told from what never existed.

Nothing here names an addon, a page or a table of one. What is walked comes from the registries of the
kernel, the routes of the application, the tables of the core and the commands, so that what is added
to one of them is asked as well. What the walk does not know how to ask it complains of.
"""

from __future__ import annotations

from core.testing.gate.addresses import Address, addresses
from core.testing.gate.registries import unknown_registries, what_registries_tell
from core.testing.gate.traces import Callers, Traces, leave_traces, untouched
from core.testing.gate.walk import digest_of, pages_of, what_changed, what_pages_tell, what_routes_tell
from core.testing.gate.words import Words, words_of

__all__ = [
    "Address",
    "Callers",
    "Traces",
    "Words",
    "addresses",
    "digest_of",
    "leave_traces",
    "pages_of",
    "unknown_registries",
    "untouched",
    "what_changed",
    "what_pages_tell",
    "what_registries_tell",
    "what_routes_tell",
    "words_of",
]
