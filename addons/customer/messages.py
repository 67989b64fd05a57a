"""What is written to customers, contacts and leads again and again; each company finds its own words."""

from __future__ import annotations

from typing import Final

from core.i18n import _l
from core.messages import Template

_CONTACT: Final = "customer.contact"

TEMPLATES: Final = (
    Template(
        "visit",
        about=_CONTACT,
        title=_l("Arrange a visit"),
        subject=_l("May I visit you? {{sender.name}}"),
        text=_l(
            "Dear {{name}},\n\n"
            "I would like to visit you and hear how things are going. Which day and hour of the coming week"
            " would suit you?\n\n"
            "A short word is enough, I arrange the rest.\n\n"
            "Best regards\n{{sender.name}}\n{{sender.email}}"
        ),
    ),
    Template(
        "visit-thanks",
        about=_CONTACT,
        title=_l("Thanks after a visit"),
        subject=_l("Thank you for your time"),
        text=_l(
            "Dear {{name}},\n\n"
            "Thank you for the good talk and for your time. I have written down what we agreed on and will"
            " come back to you with the answers soon.\n\n"
            "Should anything else come to your mind, call or write to me at any time.\n\n"
            "Best regards\n{{sender.name}}\n{{sender.email}}"
        ),
    ),
    Template(
        "birthday",
        about=_CONTACT,
        title=_l("Birthday greeting"),
        subject=_l("Happy birthday, {{name}}!"),
        text=_l(
            "Dear {{name}},\n\n"
            "All the best for your birthday: good health, success, and a year full of good news. Thank you"
            " for your trust.\n\n"
            "Warm regards\n{{sender.name}}"
        ),
    ),
    Template(
        "quote-follow-up",
        about="customer.customer",
        title=_l("Follow up a quote"),
        subject=_l("Our quote for {{name}}"),
        text=_l(
            "Dear Sir or Madam,\n\n"
            "You have received a quote of ours. Have you had the time to look at it? I gladly explain single"
            " points, or adapt it where {{name}} needs something else.\n\n"
            "When may I call you?\n\n"
            "Best regards\n{{sender.name}}\n{{sender.email}}"
        ),
    ),
    Template(
        "first-answer",
        about="customer.lead",
        title=_l("First answer to an enquiry"),
        subject=_l("Your enquiry: {{title}}"),
        text=_l(
            "Hello {{name}},\n\n"
            "Thank you for your enquiry “{{title}}”. I am {{sender.name}} and look after it. So that I can"
            " make you a fitting offer, may I call you for ten minutes and ask what matters most to you?\n\n"
            "Which time would suit you?\n\n"
            "Best regards\n{{sender.name}}\n{{sender.email}}"
        ),
    ),
)
