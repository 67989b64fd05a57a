"""Where other addons may join in with leads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from core.access.actor import Actor
from core.addons.hookspecs import decides, hookspec


@dataclass(frozen=True, slots=True)
class Made:
    """A record an addon has made of a lead."""

    resource: str
    id: int


class CustomerHooks:
    """The hooks of this addon."""

    @decides
    @hookspec
    def convert_lead(
        self,
        session: Session,
        actor: Actor,
        lead: Mapping[str, Any],
        customer_id: int | None,
        contact_id: int | None,
        title: str,
    ) -> Made | None:
        """Make a possible sale of a lead that is being converted.

        Called for each lead whose conversion asks for one, in the conversion's transaction, after its
        customer and its contact are there; ``lead`` is the stored row by column name, ``title`` what
        the sale shall be called. What is given is linked to the lead, and deleted when the conversion
        is taken back while nobody has changed it since. Decides: when it fails, nothing is converted.
        The dialog offers a sale only where an addon that is on implements this.
        """
