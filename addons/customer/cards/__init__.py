"""Business cards: the text of one, in Chinese, English or both, read into fields.

Pure functions: the same text always gives the same card, and nothing is asked of anybody.
"""

from __future__ import annotations

from addons.customer.cards.addresses import Address
from addons.customer.cards.reading import Card, CardPhone, read_card

__all__ = ["Address", "Card", "CardPhone", "read_card"]
