"""What a batch needs before its rules run: what is required, defaults, owners and units, links that hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlalchemy import select

from core.auth.models import User
from core.i18n import _l
from core.resources.batch import Batch, Change
from core.resources.declaration import Field
from core.resources.gateway import Gateway

_user = User.__table__


def require(batch: Batch) -> None:
    """A new record has what it needs."""
    needed = [field.name for field in batch.resource.fields.values() if field.is_required]
    for change in batch.good:
        for name in needed:
            if change.values.get(name) is None:
                change.refuse(name, _l("This is needed."))


def complete(batch: Batch) -> None:
    """Fill in defaults, the owner and the unit of new records."""
    resource = batch.resource
    defaulted = [
        (name, field.default) for name, field in resource.fields.items() if field.default() is not None
    ]
    for change in batch.good:
        for name, default in defaulted:
            if change.values.get(name) is None:
                change.values[name] = default()
        if resource.is_owned and "owner" not in change.values:
            change.values["owner"] = batch.actor.user_id
    if resource.is_owned:
        _set_units(batch)


def _set_units(batch: Batch) -> None:
    """A record belongs to its owner's unit unless its input said otherwise."""
    open_ = [change for change in batch.good if change.values.get("unit") is None]
    owners = {change.values["owner"] for change in open_ if change.values.get("owner") is not None}
    units = {batch.actor.user_id: batch.actor.unit_id}
    others = owners - {batch.actor.user_id}
    if others:
        rows = batch.session.execute(select(_user.c.id, _user.c.unit_id).where(_user.c.id.in_(others)))
        units.update(rows.all())
    for change in open_:
        change.values["unit"] = units.get(change.values.get("owner"))


def check_links(gateway: Gateway, batch: Batch) -> None:
    """Every link must lead to a record the actor reaches, or to himself; one query for each target."""
    resource = batch.resource
    own = {"owner": batch.actor.user_id, "unit": batch.actor.unit_id} if resource.is_owned else {}
    good = batch.good
    given = set().union(*(change.values for change in good))
    for field in resource.fields.values():
        if field.target is not None and field.name in given:
            named = ((change, field.name, change.values.get(field.name)) for change in good)
            _check(gateway, field, own.get(field.name), named)
    for lines in resource.lines_fields.values():
        with_lines = [change for change in good if lines.name in change.lines]
        for field in lines.target.fields.values():
            if field.target is not None and field is not lines.via:
                _check(gateway, field, None, _named_in_lines(with_lines, lines.name, field))


def _named_in_lines(
    changes: Iterable[Change], lines: str, field: Field
) -> Iterator[tuple[Change, str, int | None]]:
    for change in changes:
        for number, line in enumerate(change.lines[lines]):
            yield change, f"{lines}.{number}.{field.name}", line.get(field.name)


def _check(
    gateway: Gateway, field: Field, own: int | None, named: Iterator[tuple[Change, str, int | None]]
) -> None:
    """Refuse the addresses whose numbers lead nowhere; ``own`` needs no asking."""
    found = [
        (change, address, number) for change, address, number in named if number is not None and number != own
    ]
    if not found:
        return
    assert field.target is not None
    known = gateway.reached(field.target, {number for _change, _address, number in found})
    for change, address, number in found:
        if number not in known:
            change.refuse(address, _l("There is no such record, or you may not see it."))
