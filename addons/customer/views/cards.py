"""The dialog that reads a business card into the form below it; nothing is saved by it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from flask import g, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from addons.customer.cards import Card, CardPhone, read_card
from addons.customer.models import Contact, Customer, Lead, PhoneLabel
from addons.customer.views.blueprint import bp
from core.errors import NotFound
from core.i18n import _
from core.resources.declaration import resource_of
from core.resources.duplicates import Likeness, find_duplicates
from core.web.lifecycle import gateway
from core.web.pages.forms import CHANNEL
from core.web.pages.request import display
from core.web.shell import shell

#: A name and a value of each control, as forms post them.
Entries = list[tuple[str, str]]

_PLACE: Final = ("country", "province", "city")


@bp.get("/card/<plural>")
def ask_card(plural: str) -> str:
    """Ask for the text of a card."""
    _reader(plural)
    return _dialog(plural)


def _dialog(plural: str, text: str = "", error: str = "") -> str:
    return render_template("customer/card.html", plural=plural, text=text, error=error, csrf=shell().csrf)


@bp.post("/card/<plural>")
def read(plural: str) -> ResponseReturnValue:
    """Read the card and answer with what the form then holds."""
    fill, text = _reader(plural), request.form.get("text", "").strip()
    card = read_card(text, country=g.tenant.country)
    entries, lines, labels = fill(card)
    if not entries:
        return _dialog(plural, text, _("Nothing could be read from this. Is it the text of a card?")), 422
    entries.append((CHANNEL, "card"))
    found = {"entries": entries, "lines": lines, "labels": labels, "text": text, "title": _("From the card")}
    return jsonify(fill=found), 201


def _reader(plural: str) -> Callable[[Card], tuple[Entries, dict[str, list[int]], dict[str, str]]]:
    """What fills the form of a resource.

    Raises:
        NotFound: there is none, or the reader may not create such records.
    """
    known = {"leads": (Lead, _lead), "contacts": (Contact, _contact), "customers": (Customer, _customer)}
    if plural not in known:
        raise NotFound
    model, fill = known[plural]
    gateway().require(resource_of(model), "create")
    return fill


def _filled(values: Mapping[str, str]) -> Entries:
    return [(name, value) for name, value in values.items() if value]


def _shown(number: str) -> str:
    return display().phone(number) if number else ""


def _person(card: Card) -> dict[str, str]:
    return {
        "name": card.name,
        "job_title": card.job_title,
        "department": card.department,
        "phone": _shown(card.phone("mobile", "work")),
        "email": card.emails[0] if card.emails else "",
        "wechat": card.wechat,
    }


def _place(card: Card) -> dict[str, str]:
    return {name: getattr(card.address, name) for name in _PLACE}


def _lead(card: Card) -> tuple[Entries, dict[str, list[int]], dict[str, str]]:
    address = card.address
    street = " ".join(filter(None, (address.street, address.postcode)))
    street = (
        f"{address.district}{street}"
        if not address.street.isascii()
        else ", ".join(filter(None, (street, address.district)))
    )
    rest = [_told(each) for each in card.phones if _shown(each.number) != _person(card)["phone"]]
    rest += card.emails[1:]
    values = {
        "company": card.company,
        **_person(card),
        "website": card.website,
        **_place(card),
        "street": street,
        "source": _("Business card"),
        "description": "\n".join(rest),
    }
    has_more = any(value for name, value in values.items() if name != "source")
    return (_filled(values) if has_more else []), {}, {}


def _told(phone: CardPhone) -> str:
    label = PhoneLabel(phone.kind).label  # type: ignore[call-arg]
    return f"{label} {_shown(phone.number)}"


def _contact(card: Card) -> tuple[Entries, dict[str, list[int]], dict[str, str]]:
    """The person, at the customer of that name if there is exactly one."""
    entries = _filled(_person(card))
    labels = {}
    if card.company and g.actor.may("customer.customer", "read"):
        found = find_duplicates(gateway(), resource_of(Customer), {"name": card.company})
        same = [each for each in found if each.alike.get("name") is Likeness.SAME and not each.is_archived]
        if len(same) == 1:
            entries.append(("customer", str(same[0].id)))
            labels["customer"] = same[0].label
    return entries, {}, labels


def _customer(card: Card) -> tuple[Entries, dict[str, list[int]], dict[str, str]]:
    """The company, its numbers and its address; the person stands in the description."""
    first = card.phone("work", "mobile")
    person = " ".join(filter(None, (card.name, card.department, card.job_title, card.wechat)))
    is_person = not card.company
    values = {
        "name": card.company or card.name,
        "type": "person" if is_person and card.name else "",
        "phone": _shown(first),
        "email": card.emails[0] if card.emails else "",
        "website": card.website,
        **_place(card),
        "description": "" if is_person else person,
    }
    entries, lines = _filled(values), dict[str, list[int]]()
    if not entries:
        return [], {}, {}
    entries.append(("source", _("Business card")))
    others = [each for each in card.phones if each.number != first]
    for place, each in enumerate(others):
        entries += [
            (f"phones.{place}.number", _shown(each.number)),
            (f"phones.{place}.label", each.kind),
        ]
    lines["phones"] = [*range(len(others))]
    for place, mail in enumerate(card.emails[1:]):
        entries.append((f"emails.{place}.address", mail))
    lines["emails"] = [*range(len(card.emails[1:]))]
    address = card.address
    if address.street or address.district or address.postcode:
        parts = {name: getattr(address, name) for name in (*_PLACE, "district", "street", "postcode")}
        entries += [(f"addresses.0.{name}", value) for name, value in parts.items() if value]
        entries.append(("addresses.0.label", "office"))
        lines["addresses"] = [0]
    return entries, {name: numbers for name, numbers in lines.items() if numbers}, {}
