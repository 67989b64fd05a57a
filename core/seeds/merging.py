"""The three-way comparison of one record: what was written, what is supplied now, what the tenant has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Merge:
    """What a managed record comes to, by field."""

    #: To be written: supplied anew, and not the tenant's.
    changed: frozenset[str]
    #: Left alone, since the tenant has edited them and they are not what is supplied.
    kept: frozenset[str]
    #: As supplied already, or as the service has made of it.
    same: frozenset[str]


def merge(
    shipped: Mapping[str, Any],
    *,
    last: Mapping[str, Any],
    written: Mapping[str, Any],
    present: Mapping[str, Any],
    empty: Mapping[str, Any],
) -> Merge:
    """Compare, field by field; all values in the stored form.

    Args:
        shipped: as they are supplied now.
        last: as they were supplied before.
        written: as they stood when they were last written from here; fields that were kept since are out.
        present: as they are.
        empty: as they are in a new record that nobody has filled; for fields that were not supplied before.
    """
    changed, kept, same = set(), set(), set()
    for name, value in shipped.items():
        ours = [each[name] for each in (written, last) if name in each]
        if name not in last and name in empty:
            ours.append(empty[name])
        if present[name] == value:
            same.add(name)
        elif present[name] not in ours:
            kept.add(name)
        elif name in last and last[name] == value:
            same.add(name)
        else:
            changed.add(name)
    return Merge(frozenset(changed), frozenset(kept), frozenset(same))
