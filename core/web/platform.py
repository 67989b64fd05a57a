"""The platform administrator's pages, on a host of their own: tenants, addons, failures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress

from flask import Blueprint, g, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from core.addons.ledger import Tally, tallies, unmute
from core.auth import platform as auth
from core.db.platform import tenant as tenants
from core.db.session import after_commit, commit, rollback
from core.errors import TooManyRequests, Unauthenticated
from core.i18n import _, _lp, _p, language
from core.jobs import overview
from core.settings.places import places
from core.web.display import Display, avatar_of, html, tag
from core.web.hook_models import hook_cards
from core.web.lifecycle import VISITOR_COOKIE, kernel
from core.web.pages.request import gone_to, told
from core.web.place_models import place_cards
from core.web.security import check_csrf, csrf_token, new_visitor
from core.web.view_models import MenuLink, MenuSection, Option, Shell

bp = Blueprint("platform", __name__)

_COOKIE = "guanxi_platform"
#: Of a tenant: what its state is called, and the tint of the tag.
_STATES = {
    "active": (_lp("tenant", "active"), "ok"),
    "suspended": (_lp("tenant", "suspended"), "warn"),
    "failed": (_lp("tenant", "failed"), "bad"),
    "restoring": (_lp("tenant", "being restored"), "info"),
    #: Open, but it sends nothing until it is released.
    "held": (_lp("tenant", "held"), "warn"),
}


def _state(name: str) -> Markup:
    label, tone = _STATES[name]
    return tag(Option(name, str(label), tone))


def _shell() -> Shell:
    token = request.cookies.get(_COOKIE, "")
    email = auth.administrator_by_session(g.session, token)
    links = [
        MenuLink(_("Tenants"), "/platform/tenants", "building", request.path == "/platform/tenants"),
        MenuLink(_("Addons"), "/platform/addons", "puzzle", request.path == "/platform/addons"),
        MenuLink(_("Hooks"), "/platform/hooks", "plug-connected", request.path == "/platform/hooks"),
        MenuLink(
            _("Places on screens"), "/platform/places", "layout-list", request.path == "/platform/places"
        ),
        MenuLink(_("Background jobs"), "/platform/jobs", "clock", request.path == "/platform/jobs"),
    ]
    return Shell(
        tenant_name=_("Platform"),
        user_name=email.partition("@")[0],
        user_email=email,
        avatar=avatar_of(email),
        menu=[MenuSection("", links)],
        create=(),
        settings_url="",
        lang=language(),
        theme="auto",
        csrf=csrf_token(kernel().config.secret_key, token),
        sign_out_url="/platform/logout",
    )


@bp.get("/platform")
def start() -> ResponseReturnValue:
    """Lead to the tenants."""
    return redirect("/platform/tenants")


@bp.route("/platform/login", methods=["GET", "POST"])
def login() -> ResponseReturnValue:
    """Sign a platform administrator in."""
    visitor, error, status = request.cookies.get(VISITOR_COOKIE) or new_visitor(), "", 200
    if request.method == "POST":
        check_csrf(kernel().config.secret_key, visitor, request.form.get("csrf_token"))
        email, password = request.form.get("email", ""), request.form.get("password", "")
        address = request.remote_addr or ""
        try:
            token = auth.sign_in(g.session, email, password, address=address)
        except (Unauthenticated, TooManyRequests) as refused:
            error, status = refused.detail, refused.status
            rollback(g.session)
            if isinstance(refused, Unauthenticated):
                auth.count_failure(g.session, email, address=address)
                commit(g.session)
        else:
            signed = make_response(redirect("/platform/tenants"))
            signed.set_cookie(_COOKIE, token, httponly=True, samesite="Strict", secure=request.is_secure)
            return signed
    page = render_template(
        "login.html",
        lang=language(),
        tenant_name=_("Platform"),
        csrf=csrf_token(kernel().config.secret_key, visitor),
        email=request.form.get("email", ""),
        error=error,
        next="",
    )
    response = make_response(page, status)
    response.set_cookie(VISITOR_COOKIE, visitor, httponly=True, samesite="Lax", secure=request.is_secure)
    return response


@bp.get("/platform/tenants")
def tenant_list() -> ResponseReturnValue:
    """All tenants with their state and what they have on."""
    shell = _shell()
    rows = g.session.execute(select(tenants).order_by(tenants.c.slug)).mappings()
    cells = [
        (
            row["slug"],
            row["name"],
            _state("held" if row["held"] and row["state"] == "active" else row["state"]),
            ", ".join(row["addons"]),
            row["failure"] or "",
        )
        for row in rows
    ]
    columns = (_("Slug"), _("Name"), _("State"), _("Addons"), _("Why it failed"))
    return render_template(
        "platform/tenants.html", shell=shell, title=_("Tenants"), columns=columns, rows=cells
    )


@bp.get("/platform/addons")
def addon_list() -> ResponseReturnValue:
    """All addons, those in quarantine with the reason, and how often their hooks have failed."""
    shell = _shell()
    catalogue, failures = kernel().catalogue, Counter[str]()
    for (addon, _hook), tally in _tallies().items():
        failures[addon] += tally.failures
    cells: list[tuple[str, ...]] = [
        (
            addon.name,
            str(addon.title),
            addon.version,
            tag(Option("", _("loaded"), "ok")),
            "",
            html('<a href="/platform/hooks?addon=%s">%s</a>', addon.name, failures[addon.name]),
        )
        for addon in catalogue.addons.values()
    ]
    cells += [
        (
            name,
            "",
            "",
            tag(Option("", _("quarantined"), "bad")),
            html('<span class="gx-reason">%s</span>', reason),
            "",
        )
        for name, reason in catalogue.quarantined.items()
    ]
    columns = (_("Name"), _("Title"), _("Version"), _("State"), _("Reason"), _("Failed hooks"))
    return render_template(
        "platform/addons.html", shell=shell, title=_("Addons"), columns=columns, rows=cells
    )


def _tallies() -> Mapping[tuple[str, str], Tally]:
    """What all processes have counted of hooks, this one up to now."""
    _exchange()
    return tallies(g.session)


def _exchange() -> None:
    """Tell what this process has counted, and learn what is muted."""
    with suppress(SQLAlchemyError):  # then the ledger does so by itself, some seconds later
        kernel().ledger.exchange()


@bp.get("/platform/hooks")
def hook_list() -> ResponseReturnValue:
    """The hook explorer: who implements what, in which order, and how it fares; of one addon, or all."""
    shell = _shell()
    addons, addon = kernel().catalogue.addons, request.args.get("addon", "")
    cards = hook_cards(
        kernel().hooks.views(),
        _tallies(),
        {each.name: str(each.title) for each in addons.values()},
        Display(language=language(), timezone="UTC", country=""),
    )
    if addon in addons:
        cards = [card for card in cards if any(one.addon == addon for one in card.implementers)]
    return render_template(
        "platform/hooks.html",
        shell=shell,
        toasts=told(),
        title=_("Hooks"),
        cards=cards,
        addon=addons.get(addon),
        quarantined=len(kernel().catalogue.quarantined),
    )


@bp.get("/platform/places")
def place_list() -> ResponseReturnValue:
    """The places on screens: what stands there, in order, with the ids that addons point at."""
    shell = _shell()
    addons, addon = kernel().catalogue.addons, request.args.get("addon", "")
    titles = {each.name: str(each.title) for each in addons.values()}
    cards = place_cards(places(kernel()), titles, addon if addon in addons else "")
    return render_template(
        "platform/places.html",
        shell=shell,
        title=_("Places on screens"),
        cards=cards,
        addon=addons.get(addon),
    )


@bp.post("/platform/hooks/<addon>/<hook>/unmute")
def unmute_hook(addon: str, hook: str) -> ResponseReturnValue:
    """Let what was muted be called again, in every process."""
    administrator = _shell().user_email
    token = request.cookies.get(_COOKIE, "")
    check_csrf(kernel().config.secret_key, token, request.form.get("csrf_token"))
    unmute(g.session, addon, hook, by=administrator)
    after_commit(g.session, _exchange)
    return gone_to("/platform/hooks", _("%(addon)s is asked again at %(hook)s.", addon=addon, hook=hook))


@bp.get("/platform/jobs")
def job_list() -> ResponseReturnValue:
    """What each tenant has in the queue, and who works on it."""
    shell = _shell()
    connection = g.session.connection()
    shown = Display(language=language(), timezone="UTC", country="")
    names = {row.id: row.slug for row in g.session.execute(select(tenants.c.id, tenants.c.slug))}
    lanes = {"default": _p("lane", "Short work"), "bulk": _p("lane", "Long work")}
    loads = [
        (
            names.get(each.tenant, each.tenant) if each.tenant is not None else _("The clock"),
            lanes.get(each.lane, each.lane),
            shown.number(each.waiting),
            shown.number(each.running),
            tag(Option("", shown.number(each.parked), "bad")) if each.parked else "0",
            shown.instant(each.oldest) if each.oldest else "",
        )
        for each in overview.loads(connection)
    ]
    working = [
        (
            each.host,
            each.process,
            lanes.get(each.lane, each.lane),
            tag(
                Option("", _p("worker", "alive"), "ok")
                if each.alive
                else Option("", _p("worker", "dead"), "bad")
            ),
            f"{each.running} / {each.slots}",
            shown.instant(each.started_at),
            shown.instant(each.seen_at),
        )
        for each in overview.workers(connection)
    ]
    return render_template(
        "platform/jobs.html",
        shell=shell,
        title=_("Background jobs"),
        subtitle=_("Times are in UTC. What a parked job was about, its tenant sees and can try again."),
        columns=(_("Tenant"), _("Lane"), _("Waiting"), _("Running"), _("Parked"), _("Oldest")),
        rows=loads,
        workers=working,
        worker_columns=(
            _("Machine"),
            _("Process"),
            _("Lane"),
            _("State"),
            _("Slots in use"),
            _("Started"),
            _("Last seen"),
        ),
    )


@bp.post("/platform/logout")
def logout() -> ResponseReturnValue:
    """End the administrator's session."""
    token = request.cookies.get(_COOKIE, "")
    check_csrf(kernel().config.secret_key, token, request.form.get("csrf_token"))
    auth.sign_out(g.session, token)
    response = make_response(redirect("/platform/login"))
    response.delete_cookie(_COOKIE)
    return response
