"""What the addon's cards show, made of what its queries found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from markupsafe import Markup

from addons.customer.models import (
    ActivityKind,
    AddressLabel,
    Contact,
    Customer,
    CustomerKind,
    Direction,
    Influence,
    Lead,
)
from addons.customer.queries import Group, MyDay, RollUp
from core.access.actor import Actor
from core.i18n import _, _p, language, ngettext
from core.resources.declaration import Resource
from core.web.display import avatar_of, lines
from core.web.pages.request import display
from core.web.view_models import Figure, Option, Panel, PanelItem, TimelineEntry

Record = Mapping[str, Any]

#: The icon of each kind of activity.
ICONS: Final[Mapping[str, str]] = {
    ActivityKind.CALL: "phone",
    ActivityKind.VISIT: "briefcase",
    ActivityKind.MEETING: "users",
    ActivityKind.MAIL: "mail",
    ActivityKind.WECHAT: "brand-wechat",
    ActivityKind.NOTE: "note",
    ActivityKind.TASK: "checkbox",
}
#: A call's icon says who began it.
_CALLS: Final[Mapping[str, str]] = {Direction.IN: "phone-incoming", Direction.OUT: "phone-outgoing"}
_ON_A_CARD: Final = 6


def about(resource: Resource, record: Record) -> str | None:
    """The query string that opens a dialog about a customer, a contact or a lead; None for other records."""
    if resource.model is Customer:
        return urlencode({"customer": record["id"]})
    if resource.model is Contact:
        customer = record["customer"]
        return urlencode({"contact": record["id"], **({"customer": customer["id"]} if customer else {})})
    if resource.model is Lead:
        return urlencode({"lead": record["id"]})
    return None


def day_card(day: MyDay, actor: Actor) -> Panel:
    """The home page's summary of somebody's day: overdue first, then today."""
    late = [(record, True) for record in day.overdue]
    shown = [*late, *((record, False) for record in day.today)]
    items = [activity_item(record, late=is_late) for record, is_late in shown[:_ON_A_CARD]]
    if len(shown) > _ON_A_CARD or day.upcoming or day.undated:
        rest = len(shown) - len(items) + len(day.upcoming) + len(day.undated)
        items.append(
            PanelItem(
                _("All of my day"),
                ngettext("%(n)s more", "%(n)s more", rest),
                "/customer/my-day",
                icon="list-check",
            )
        )
    may_add = actor.may("customer.activity", "create")
    return Panel(
        "my-day",
        _("My day"),
        items,
        empty=_("Nothing is due today. Plan what comes next, so that nothing is forgotten."),
        add_url="/customer/plan" if may_add else "",
        add_label=_("Plan a task"),
    )


def mine_card(counts: Mapping[str, int], actor: Actor) -> Panel:
    """How many customers of each kind the reader has; each number leads to them."""
    figures = [
        Figure(
            str(kind.label),
            display().number(counts[kind.value]),
            f"/customer/customers?{urlencode({'segment': 'mine', 'kind': kind.value})}",
            kind.tone,
        )
        for kind in CustomerKind
        if counts.get(kind.value)
    ]
    return Panel(
        "my-customers",
        _("My customers"),
        figures=figures,
        empty=_("No customer is yours yet. Create one, or ask for some to be handed to you."),
        add_url="/customer/customers/quick" if actor.may("customer.customer", "create") else "",
        add_label=_("New customer"),
    )


def recent_card(customers: Sequence[Record], actor: Actor) -> Panel:
    """The customers changed last."""
    kinds = {each.value: Option(each.value, str(each.label), each.tone) for each in CustomerKind}
    items = [
        PanelItem(
            record["name"],
            " · ".join(filter(None, (record["city"], display().ago(record["updated_at"])))),
            f"/customer/customers/{record['id']}",
            avatar_of(record["name"]),
            tag=kinds[record["kind"]],
        )
        for record in customers
    ]
    return Panel(
        "recent-customers",
        _("Recently changed customers"),
        items,
        empty=_("There are no customers yet. Create the first one, or import a file you have."),
        add_url="/customer/customers/quick" if actor.may("customer.customer", "create") else "",
        add_label=_("New customer"),
    )


def contacts_panel(contacts: Sequence[Record]) -> Panel:
    """The people at a customer, with what they are there and a way to ring them."""
    roles = {each.value: Option(each.value, str(each.label), each.tone) for each in Influence}
    items = [
        PanelItem(
            contact["name"],
            " · ".join(filter(None, (contact["role"] or contact["job_title"], _phone(contact["phone"])))),
            f"/customer/contacts/{contact['id']}",
            avatar_of(contact["name"]),
            tag=roles.get(contact["influence"]),
            **_call(contact["phone"]),
        )
        for contact in contacts
    ]
    return Panel("contacts", _("Contacts"), items, empty=_("No contact is known here yet."))


def customers_panel(customers: Sequence[Record]) -> Panel:
    """Where a contact is or was."""
    items = []
    for customer in customers:
        years = "–".join(
            str(customer[name].year) if customer[name] else "" for name in ("joined_on", "left_on")
        ).strip("–")
        left = Option("left", _("Left"), "mute") if customer["left_on"] else None
        items.append(
            PanelItem(
                customer["name"],
                " · ".join(filter(None, (customer["role"], years))),
                f"/customer/customers/{customer['id']}",
                avatar_of(customer["name"]),
                tag=left,
            )
        )
    return Panel("customers", _("Customers"), items, empty=_("Belongs to no customer yet."))


def addresses_panel(addresses: Sequence[Record]) -> Panel | None:
    """The addresses, written as the reader writes them."""
    labels = {each.value: str(each.label) for each in AddressLabel}
    items = [
        PanelItem(written_address(each) or "—", labels.get(each["label"], ""), icon="map-pin")
        for each in addresses
    ]
    return Panel("addresses", _("Addresses"), items) if items else None


def written_address(address: Record) -> str:
    """An address in one line: from the large to the small in Chinese, the other way round elsewhere."""
    country, province, city, district, street, postcode = (
        address[name] for name in ("country", "province", "city", "district", "street", "postcode")
    )
    province = None if province == city else province
    if language() == "zh":
        joined = "".join(filter(None, (country, province, city, district, street)))
        parts = [country, province, city, district, street]
        written = joined if not joined.isascii() else ", ".join(filter(None, parts))
        return " ".join(filter(None, (written, postcode)))
    region = " ".join(filter(None, (province, postcode)))
    return ", ".join(filter(None, (street, district, city, region, country)))


def group_panel(group: Group, customer_id: int) -> Panel | None:
    """The group around a customer, with what hangs on each part; None for one that stands alone."""
    if not group.above and not group.below:
        return None
    items = [
        PanelItem(member.name, _("above"), f"/customer/customers/{member.id}", icon="arrow-up")
        for member in group.above
    ]
    if group.below:
        items.append(
            PanelItem(
                _("This customer and all below"), _counts(group.totals[customer_id]), icon="hierarchy-2"
            )
        )
    items += [
        PanelItem(
            member.name,
            _counts(group.totals[member.id]),
            f"/customer/customers/{member.id}",
            avatar_of(member.name),
        )
        for member in group.below
    ]
    if group.count > len(group.below):
        more = ngettext("%(n)s more", "%(n)s more", group.count - len(group.below))
        url = f"/customer/customers?parent={customer_id}"
        items.append(PanelItem(_("All directly below"), more, url, icon="list-details"))
    return Panel("group", _p("customer", "Group"), items)


def _counts(total: RollUp) -> str:
    parts = [
        ngettext("%(n)s customer", "%(n)s customers", total.customers) if total.customers else "",
        ngettext("%(n)s contact", "%(n)s contacts", total.contacts) if total.contacts else "",
        ngettext("%(n)s open activity", "%(n)s open activities", total.open_activities)
        if total.open_activities
        else "",
    ]
    return " · ".join(filter(None, parts)) or _("nothing open")


def planned_panel(
    planned: Sequence[Record],
    actor: Actor,
    *,
    customer_id: int | None = None,
    contact_id: int | None = None,
    lead_id: int | None = None,
    may_add: bool = True,
) -> Panel:
    """What is to do with a customer, a contact or a lead."""
    named = {"customer": customer_id, "contact": contact_id, "lead": lead_id}
    query = urlencode({name: number for name, number in named.items() if number is not None})
    if contact_id is not None:
        planned = [{**each, "contact": None} for each in planned]
    if lead_id is not None:
        planned = [{**each, "lead": None} for each in planned]
    may_add = may_add and actor.may("customer.activity", "create")
    return Panel(
        "open-activities",
        _("To do"),
        [activity_item(each, late=_is_late(each["due_at"])) for each in planned],
        empty=_("Nothing is planned."),
        add_url=f"/customer/plan?{query}" if may_add else "",
        add_label=_("Plan a task"),
    )


def activity_entry(record: Record, *, at: Resource) -> TimelineEntry:
    """A finished activity in the history of a customer or of a contact: what, who, with whom, how it went."""
    kind = ActivityKind(record["kind"])  # type: ignore[call-arg]
    label, subject = str(kind.label), record["subject"]
    other = record["contact" if at.model is Customer else "customer"] or {}
    minutes = record["minutes"]
    facts = (
        other.get("label"),
        ngettext("%(n)s minute", "%(n)s minutes", minutes) if minutes else None,
        record["outcome"],
    )
    return TimelineEntry(
        id=record["id"],
        kind=kind.value,
        icon=_CALLS.get(record["direction"], ICONS[kind]) if kind is ActivityKind.CALL else ICONS[kind],
        tone=kind.tone,
        title=label if subject == label else f"{label} · {subject}",
        body=lines(record["body"]) if record["body"] else Markup(),
        at=display().instant(record["done_at"]),
        at_iso=record["done_at"].isoformat(),
        author=(record["owner"] or {}).get("label") or "",
        facts=[fact for fact in facts if fact],
        url=f"/customer/activities/{record['id']}",
    )


def activity_item(record: Record, *, late: bool = False) -> PanelItem:
    """One activity as a row: what, when, with whom."""
    at = record["done_at"] or record["due_at"]
    people = [(record.get(name) or {}).get("label") for name in ("customer", "contact", "lead")]
    parts = [display().instant(at) if at else "", *people, record.get("outcome")]
    return PanelItem(
        record["subject"],
        " · ".join(filter(None, parts)),
        f"/customer/activities/{record['id']}",
        icon=ICONS[record["kind"]],
        tag=Option("late", _("Overdue"), "bad") if late else None,
    )


def _is_late(due_at: datetime | None) -> bool:
    """Whether a day has passed since; on the day itself nothing is late yet."""
    shown = display()
    return due_at is not None and due_at.astimezone(shown.zone).date() < shown.now.date()


def _phone(number: str | None) -> str:
    return display().phone(number) if number else ""


def _call(number: str | None) -> dict[str, str]:
    if not number:
        return {}
    url = f"tel:{number.partition(';')[0]}"
    return {
        "action_url": url,
        "action_icon": "phone",
        "action_label": _("Call %(number)s", number=_phone(number)),
    }
