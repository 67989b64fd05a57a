"""Seeds from files that a test writes, for resources there are."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from core.access.actor import OPERATOR
from core.kernel import Kernel
from core.resources.gateway import Gateway
from core.seeds import record_of
from core.seeds.files import Problem, read_seeds
from core.seeds.registry import Seeds
from core.seeds.standing import State, standings
from core.seeds.writing import Told, Writing

ADDON = "customer"


class Shop:
    """A tenant, and an addon whose files change."""

    def __init__(self, kernel: Kernel, session: Session, folder: Path) -> None:
        self.kernel = kernel
        self.session = session
        self.folder = folder
        self.seeds = Seeds(kernel.resources)

    def ship(self, text: str) -> None:
        """Let the addon bring a file."""
        (self.folder / "records.yaml").write_text(text, encoding="utf-8")
        seeds, problems = read_seeds(ADDON, self.folder)
        assert problems == list[Problem]()
        self.seeds = Seeds(self.kernel.resources)
        self.seeds.add(ADDON, seeds)

    def upgrade(self, text: str = "", *, strict: bool = False) -> Told:
        """Write what the addon brings, or a new version of it."""
        if text:
            self.ship(text)
        return Writing(self.session, self.seeds, ADDON, strict=strict).run()

    def number(self, key: str) -> int:
        """The record of a seed."""
        found = record_of(self.session, f"{ADDON}.{key}")
        assert found is not None
        return found

    def get(self, key: str, resource: str = "customer.customer") -> dict[str, object]:
        """The record of a seed as it stands."""
        return Gateway(self.session, OPERATOR).get(self.kernel.resources[resource], self.number(key))

    def edit(self, key: str, **values: object) -> None:
        """Change a customer, as the tenant."""
        service = self.kernel.resources["customer.customer"].service
        service.update(self.session, self.number(key), values, actor=OPERATOR)

    def states(self) -> dict[str, State]:
        """How all supplied records stand."""
        found = standings(self.session, self.seeds, {ADDON}, OPERATOR)
        return {each.key.partition(".")[2]: each.state for each in found}


@pytest.fixture
def shop(kernel: Kernel, session: Session, tmp_path: Path) -> Shop:
    """An addon without files yet."""
    return Shop(kernel, session, tmp_path)
