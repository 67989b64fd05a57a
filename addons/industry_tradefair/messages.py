"""What is written about orders."""

from __future__ import annotations

from typing import Final

from core.i18n import _l
from core.messages import Template

TEMPLATES: Final = (
    Template(
        "booth-confirmation",
        about="industry_tradefair.order",
        title=_l("Confirm a booth"),
        subject=_l("Your booth {{booth.number}} at {{fair.name}}"),
        text=_l(
            "To {{customer.name}}\n\n"
            "Thank you for your order {{number}}. We have booked your booth:\n\n"
            "Fair: {{fair.name}}\n"
            "Days: {{fair.begins_on}} to {{fair.ends_on}}\n"
            "Venue: {{fair.city}}, {{fair.venue}}\n"
            "Booth: {{booth.number}}, hall {{booth.hall}}, {{booth.area}} m²\n"
            "Building up from: {{fair.build_up_on}}\n"
            "Amount: {{amount|number}}\n\n"
            "Please tell us within three working days if anything is to be changed.\n\n"
            "Best regards\n{{sender.name}}\n{{sender.email}}"
        ),
        to="customer.email",
    ),
)
