"""Message templates: writing a message about a record, and what administrators make of the words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from urllib.parse import quote

from flask import Response, g, render_template, request
from flask.typing import ResponseReturnValue

from core.auth.models import UserLanguage
from core.errors import GuanxiError, Invalid, NotFound, StaleVersion
from core.i18n import LANGUAGES, Lazy, _, _l, _p, language
from core.messages.declaration import THING, VERB, Template, Texts
from core.messages.rendering import Gap, Rendered, Why, render
from core.messages.stored import MAX_SUBJECT, MAX_TEXT, Kept, all_kept, change, kept_of, read, reset, texts_of
from core.messages.tags import FILTERS, SENDER, TODAY
from core.resources.declaration import Resource
from core.resources.query import Order, Query
from core.web.lifecycle import gateway, kernel
from core.web.message_models import FilledView, TagView, TemplateCard, TemplateGroup, WriteView
from core.web.pages import bp
from core.web.pages.request import gone_to, number_in, resource_at, saved, tell, told
from core.web.shell import shell
from core.web.view_models import FieldSection, FieldView, FormView, Option

_LIST: Final = "/settings/messages"
_PAGE: Final = f"{_LIST}/<owner>/<name>"
_LANGUAGES: Final[Mapping[str, Lazy]] = {each.value: each.label for each in UserLanguage}
_WHY: Final[Mapping[Why, Lazy]] = {
    Why.EMPTY: _l("%(tag)s is empty here."),
    Why.HIDDEN: _l("%(tag)s is not visible to you, or not there."),
    Why.MASKED: _l("%(tag)s is masked for you."),
}


# Writing


@bp.get("/<addon>/<plural>/<int:record_id>/message")
def write_message(addon: str, plural: str, record_id: int) -> str:
    """Show the dialog, or what it holds after another choice."""
    resource = resource_at(addon, plural)
    templates = kernel().templates.about(g.tenant, resource.name)
    if not templates:
        raise NotFound
    wish = request.args.get("template", "")
    template = next((each for each in templates if each.id == wish), templates[0])
    spoken = request.args.get("language", "")
    spoken = spoken if spoken in LANGUAGES else language()
    texts = texts_of(g.session, template)[spoken]
    filled = render(gateway(), texts, resource, record_id, spoken, to=template.to)
    view = WriteView(
        url=f"{resource.url}/{record_id}/message",
        templates=[Option(each.id, str(each.title), selected=each is template) for each in templates],
        languages=[Option(each, str(_LANGUAGES[each]), selected=each == spoken) for each in LANGUAGES],
        filled=_filled(filled, spoken),
        mail_url=_mail_url(filled),
        mail_to=filled.to,
    )
    page = "messages/filled.html" if wish else "messages/write.html"
    return render_template(page, view=view)


def _mail_url(filled: Rendered) -> str:
    """What opens a mail program with the message; empty without an address."""
    if not filled.to:
        return ""
    body = quote(filled.text.replace("\n", "\r\n"))
    return f"mailto:{quote(filled.to, safe='@')}?subject={quote(filled.subject)}&body={body}"


def _filled(filled: Rendered, spoken: str) -> FilledView:
    gaps = [_told(each) for each in filled.gaps]
    return FilledView(spoken, str(_LANGUAGES[spoken]), filled.subject, filled.text, gaps)


def _told(gap: Gap) -> str:
    return str(_WHY[gap.why]) % {"tag": gap.tag}


# The words


@bp.get(_LIST)
def message_templates() -> str:
    """Show the templates of the addons that are on."""
    _require()
    kept = all_kept(g.session)
    groups: dict[str, list[TemplateCard]] = {}
    for each in kernel().templates.on(g.tenant):
        groups.setdefault(each.addon, []).append(_card(each, kept.get(each.id, Kept())))
    found = [
        TemplateGroup(addon, str(kernel().catalogue.addons[addon].title), cards)
        for addon, cards in groups.items()
    ]
    return render_template("messages/list.html", shell=shell(), toasts=told(), groups=found)


@bp.get(_PAGE)
def message_template(owner: str, name: str) -> str:
    """Show the words of one template, and how a record looks in them."""
    template = _template(owner, name)
    return _page(template, texts_of(g.session, template))


@bp.post(_PAGE)
def save_template(owner: str, name: str) -> ResponseReturnValue:
    """Set the words; when a tag leads nowhere, or somebody else was faster, nothing."""
    template = _template(owner, name)
    typed, version = _typed(), number_in(request.form.get("version")) or 0
    try:
        change(gateway(), template, _about(template), typed, version=version)
    except (Invalid, StaleVersion) as refusal:
        return _page(template, typed, refusal), refusal.status
    return tell(Response(status=303, headers={"Location": template.url}), _("Saved."))


@bp.post(f"{_PAGE}/reset")
def reset_template(owner: str, name: str) -> ResponseReturnValue:
    """Go back to what is supplied."""
    template = _template(owner, name)
    reset(g.session, template, actor=g.actor)
    return gone_to(template.url, _("The template is as supplied again."))


@bp.post(f"{_PAGE}/preview")
def preview_template(owner: str, name: str) -> str:
    """Show how a record looks in the words as they are typed."""
    template = _template(owner, name)
    about, problems = _about(template), list[str]()
    try:
        typed = read(gateway(), about, _typed())
    except Invalid as refusal:
        problems = [str(each) for said in refusal.errors.values() for each in said]
        typed = {}
    number = number_in(request.form.get("record"))
    return render_template("messages/preview.html", problems=problems, filled=_preview(about, typed, number))


def _require() -> None:
    """Let only those pass who may change templates.

    Raises:
        NotFound: this one may not.
    """
    if not g.actor.may(THING, VERB):
        raise NotFound


def _template(owner: str, name: str) -> Template:
    _require()
    return kernel().templates.named(g.tenant, owner, name)


def _about(template: Template) -> Resource:
    return kernel().resources.named(g.tenant, template.about)


def _typed() -> dict[str, Texts]:
    form = request.form
    return {each: Texts(form.get(f"subject_{each}", ""), form.get(f"text_{each}", "")) for each in LANGUAGES}


def _card(template: Template, kept: Kept) -> TemplateCard:
    about = _about(template)
    changed = Option("changed", _p("supplied", "Edited by you"), "info")
    state = changed if kept.texts else Option("same", _p("supplied", "As supplied"), "mute")
    return TemplateCard(str(template.title), str(about.title), about.icon, template.url, state)


def _page(template: Template, texts: Mapping[str, Texts], refusal: GuanxiError | None = None) -> str:
    about, kept = _about(template), kept_of(g.session, template)
    errors = refusal.errors if isinstance(refusal, Invalid) else {}
    number = _newest(about)
    labels = gateway().labels(about, [number]) if number is not None else {}
    view = FormView(
        title=str(template.title),
        action=template.url,
        cancel_url=_LIST,
        sections=[_section(each, texts[each], errors) for each in _own_first()],
        version=kept.version,
        errors=[refusal.detail] if refusal is not None and not errors else (),
        draft_key=f"{g.tenant.slug}:{g.actor.user_id}:message:{template.id}",
    )
    record = FieldView(
        "record",
        str(about.title),
        "link",
        number or "",
        lookup_url=f"{about.url}/lookup",
        link_label=labels.get(number or 0, ""),
    )
    return render_template(
        "messages/edit.html",
        shell=shell(),
        toasts=told(),
        view=view,
        subtitle=_subtitle(template, about, kept),
        record=record,
        preview_url=f"{template.url}/preview",
        reset_url=f"{template.url}/reset" if kept.texts else "",
        filled=_preview(about, texts, number) if refusal is None else (),
        problems=(),
        tags=list(_tags(about)),
        filters=[TagView(f"|{name}", str(each.title)) for name, each in FILTERS.items()],
    )


def _own_first() -> list[str]:
    """The languages, that of the reader before the other."""
    return sorted(LANGUAGES, key=lambda each: each != language())


def _section(spoken: str, texts: Texts, errors: Mapping[str, Sequence[str | Lazy]]) -> FieldSection:
    def field(name: str, label: str, kind: str, value: str, most: int) -> FieldView:
        said = [str(each) for each in errors.get(name, ())]
        return FieldView(name, label, kind, value, required=True, wide=True, errors=said, max_length=most)

    subject = field(f"subject_{spoken}", _("Subject"), "text", texts.subject, MAX_SUBJECT)
    text = field(f"text_{spoken}", _p("message", "Text"), "multiline", texts.text, MAX_TEXT)
    return FieldSection(str(_LANGUAGES[spoken]), [subject, text])


def _subtitle(template: Template, about: Resource, kept: Kept) -> str:
    addon = str(kernel().catalogue.addons[template.addon].title)
    return " · ".join(filter(None, (addon, str(about.title), saved(kept.updated_at, kept.by))))


def _newest(about: Resource) -> int | None:
    """A record to look at: the newest the reader reaches; None where he reaches none."""
    if not g.actor.may(about.name, "read"):
        return None
    newest = Query(fields=("id",), sort=(Order("id", descending=True),), per_page=1, count=False)
    found = gateway().page(about, newest).records()
    return found[0]["id"] if found else None


def _preview(about: Resource, texts: Mapping[str, Texts], number: int | None) -> list[FilledView]:
    """A record in the words of each language; nothing where the reader does not reach it."""
    if number is None:
        return []
    try:
        return [
            _filled(render(gateway(), texts[each], about, number, each), each)
            for each in _own_first()
            if each in texts
        ]
    except NotFound:
        return []


def _tags(about: Resource) -> Iterator[TagView]:
    """What can be written into a template about a resource."""
    for each in gateway().resolver.visible(about):
        yield TagView("{{" + each.name + "}}", each.label)
    yield TagView("{{" + SENDER + ".name}}", _("Your name"))
    yield TagView("{{" + SENDER + ".email}}", _("Your mail address"))
    yield TagView("{{" + TODAY + "}}", _("Today"))
