"""What the cards about leads show, made of what `lead_queries` found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from markupsafe import Markup

from addons.customer.lead_queries import CheckList
from addons.customer.models import Answer, LeadState
from core.access.actor import Actor
from core.i18n import _, ngettext
from core.resources.declaration import resource_named
from core.resources.gateway import Gateway
from core.web.display import avatar_of, lines
from core.web.pages.request import display
from core.web.view_models import Figure, Option, Panel, PanelItem, TimelineEntry

Record = Mapping[str, Any]

_SHOWN: Final = 6
_ICONS: Final = {Answer.YES: "circle-check", Answer.NO: "circle-x", Answer.UNKNOWN: "help-circle"}


def check_panel(found: CheckList, record: Record, actor: Actor) -> Panel:
    """The check list of a lead: score and state first, then each criterion with what is known."""
    items = []
    if found.answered_at is not None:
        state = Option("passes", _("Passed"), "ok") if found.passes else Option("open", _("Not yet"), "warn")
        facts = [
            _("%(percent)s %% needed", percent=found.version.threshold),
            display().ago(found.answered_at),
            _("version %(number)s", number=found.version.revision) if found.is_old else "",
        ]
        score = _("%(percent)s %%", percent=found.score)
        items.append(PanelItem(score, " · ".join(filter(None, facts)), icon="target", tag=state))
    for each in found.version.criteria:
        answer = Answer(found.answer(each))  # type: ignore[call-arg]
        note = found.answers.get(str(each["id"]), {}).get("note") or ""
        points = ngettext("%(n)s point", "%(n)s points", each["weight"])
        needed = _("must be met") if each["required"] else ""
        facts = [note, points, needed]
        items.append(
            PanelItem(
                each["text"],
                " · ".join(filter(None, facts)),
                icon=_ICONS[answer],
                tag=Option(answer.value, str(answer.label), answer.tone) if found.answered_at else None,
            )
        )
    may_check = record["state"] != LeadState.CONVERTED and actor.may("customer.lead", "update")
    return Panel(
        "check-list",
        _("Check list: %(name)s", name=found.version.name),
        items,
        add_url=f"/customer/leads/{record['id']}/check" if may_check and not record["archived_at"] else "",
        add_label=_("Fill in the check list"),
    )


def conversion_panel(conversion: Record, reader: Gateway) -> Panel:
    """What a lead has become, and who saw to it."""
    items = []
    for record in conversion["records"]:
        if record["resource"] == "customer.customer_contact":
            continue
        resource = resource_named(record["resource"])
        if not reader.actor.may(resource.name, "read"):
            continue
        label = reader.labels(resource, [record["id"]]).get(record["id"])
        if label is None:
            continue
        how = _("created") if record["made"] else _("linked")
        items.append(
            PanelItem(
                label,
                f"{resource.title} · {how}",
                f"{resource.url}/{record['id']}",
                icon=resource.icon,
            )
        )
    when = display().instant(conversion["created_at"])
    items.append(
        PanelItem(_("Converted"), " · ".join(filter(None, (conversion["author"], when))), icon="transfer")
    )
    return Panel("conversion", _("What became of it"), items)


def origin_panel(leads: Sequence[Record]) -> Panel | None:
    """The leads a customer or a contact has come from; None where there are none."""
    items = [
        PanelItem(
            lead["title"],
            " · ".join(
                filter(None, (lead["number"], lead["source"], display().day(lead["converted_at"].date())))
            ),
            f"/customer/leads/{lead['id']}",
            icon="target-arrow",
        )
        for lead in leads
        if lead["converted_at"] is not None
    ]
    return Panel("origin", _("Came from a lead"), items) if items else None


def leads_card(counts: Mapping[str, int], actor: Actor) -> Panel:
    """How many leads of each state the reader has; each number leads to them."""
    figures = [
        Figure(
            str(state.label),
            display().number(counts[state.value]),
            f"/customer/leads?{urlencode({'segment': 'mine', 'state': state.value})}",
            state.tone,
        )
        for state in (LeadState.NEW, LeadState.WORKING, LeadState.QUALIFIED)
        if counts.get(state.value)
    ]
    return Panel(
        "my-leads",
        _("My leads"),
        figures=figures,
        empty=_("No open lead is yours. Write down who asks, before it is forgotten."),
        add_url="/customer/leads/quick" if actor.may("customer.lead", "create") else "",
        add_label=_("New lead"),
    )


def lead_item(record: Record, *, late: bool) -> PanelItem:
    """A lead whose next step is due, as a row."""
    return PanelItem(
        record["next_step"] or record["title"],
        " · ".join(
            filter(None, (record["title"] if record["next_step"] else "", display().day(record["next_on"])))
        ),
        f"/customer/leads/{record['id']}",
        avatar_of(record["title"]),
        tag=Option("late", _("Overdue"), "bad") if late else None,
    )


def note_entry(note: Record, lead: Record) -> TimelineEntry:
    """A note or a file on the lead, in the history of the customer it became."""
    is_file = note["kind"] == "attachment"
    url = f"/customer/leads/{lead['id']}"
    return TimelineEntry(
        id=note["id"],
        kind=note["kind"],
        icon="paperclip" if is_file else "note",
        tone="mute" if is_file else "violet",
        title=_("File on the lead") if is_file else _("Note on the lead"),
        body=lines(note["body"]) if note["body"] else Markup(),
        at=display().instant(note["created_at"]),
        at_iso=note["created_at"].isoformat(),
        author=note["author"] or "",
        facts=[lead["number"]],
        file_url=f"{url}/attachments/{note['id']}" if is_file else "",
        file_name=note["file_name"] or "",
        file_size=display().size(note["file_size"]) if note["file_size"] is not None else "",
        url=url,
    )
