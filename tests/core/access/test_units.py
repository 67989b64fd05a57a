from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from core.access.actor import OPERATOR
from core.errors import Invalid
from core.kernel import Kernel
from tests.core.conftest import Make


@pytest.fixture
def line(make: Make) -> list[int]:
    """Four units, each under the one before."""
    units: list[int] = []
    for code in ("top", "second", "third", "fourth"):
        units.append(make("core.unit", code=code, parent=units[-1] if units else None))
    return units


@pytest.mark.parametrize("below", [0, 1, 3])
def test_a_unit_cannot_stand_below_itself(
    kernel: Kernel, session: Session, line: list[int], below: int
) -> None:
    service = kernel.resources["core.unit"].service
    with pytest.raises(Invalid) as refused:
        service.update(session, line[0], {"parent": line[below]}, actor=OPERATOR)
    assert [str(each) for each in refused.value.errors["parent"]] == ["A unit cannot stand below itself."]


def test_two_moves_of_one_batch_cannot_close_a_circle(kernel: Kernel, session: Session, make: Make) -> None:
    one, other = make("core.unit", code="one"), make("core.unit", code="other")
    service = kernel.resources["core.unit"].service
    with pytest.raises(Invalid):
        service.update_many(session, {one: {"parent": other}, other: {"parent": one}}, actor=OPERATOR)


def test_two_moves_of_one_batch_may_open_one(kernel: Kernel, session: Session, line: list[int]) -> None:
    service = kernel.resources["core.unit"].service
    service.update_many(session, {line[0]: {"parent": line[3]}, line[1]: {"parent": None}}, actor=OPERATOR)


def test_a_unit_moves_to_another_branch_and_to_the_top(
    kernel: Kernel, session: Session, line: list[int]
) -> None:
    service = kernel.resources["core.unit"].service
    service.update(session, line[3], {"parent": line[0]}, actor=OPERATOR)
    service.update(session, line[1], {"parent": line[3]}, actor=OPERATOR)
    service.update(session, line[3], {"parent": None}, actor=OPERATOR)
