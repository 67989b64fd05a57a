"""Telephone numbers as people write them."""

from __future__ import annotations

from functools import lru_cache

import phonenumbers

from core.i18n import _


def written_phone(value: str, country: str) -> str:
    """A stored number as dialled from ``country``; foreign ones with their country."""
    main, _sign, extension = value.partition(";ext=")
    written = _number(main, country)
    return f"{written} {_('ext.')} {extension}" if extension else written


@lru_cache(maxsize=4096)
def _number(value: str, country: str) -> str:
    try:
        number = phonenumbers.parse(value, None)
    except phonenumbers.NumberParseException:
        return value
    home = phonenumbers.country_code_for_region(country) == number.country_code
    style = phonenumbers.PhoneNumberFormat.NATIONAL if home else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(number, style)
