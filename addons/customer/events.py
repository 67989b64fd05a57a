"""What happens here that other addons may want to know."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LeadConverted:
    """A lead has become a customer, a contact, or both."""

    lead_id: int
    customer_id: int | None
    contact_id: int | None
