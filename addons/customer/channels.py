"""Ways in which customers become known, besides those of every record."""

from __future__ import annotations

from core.i18n import _l
from core.resources.channels import Channel

CHANNELS = (
    Channel("card", _l("Business card"), from_forms=True),
    Channel("conversion", _l("Conversion of a lead")),
)
