"""Keeping, changing and ordering the views of a list."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Response, g, render_template, request
from flask.typing import ResponseReturnValue

from core.access.permissions import READY_ROLES
from core.errors import GuanxiError, Invalid, NotFound
from core.i18n import _
from core.resources.declaration import Resource
from core.resources.views import services
from core.resources.views.query import ViewQuery, read_widths
from core.resources.views.services import Audience, View, Views, views_of
from core.web.pages import bp
from core.web.pages.lists.columns import widths_of
from core.web.pages.lists.state import asked_at, open_list
from core.web.pages.request import gone_to, number_in, resource_at
from core.web.shell import shell
from core.web.view_models import FieldSection, FieldView, FormView, Option


@bp.get("/<addon>/<plural>/views/new")
def name_view(addon: str, plural: str) -> str:
    """Ask for the name of a new view, and for whom it is."""
    resource = resource_at(addon, plural)
    views = views_of(g.session, resource, actor=g.actor)
    return _dialog(resource, views, None, {"audience": Audience.PRIVATE.value})


@bp.post("/<addon>/<plural>/views/new")
def keep_view(addon: str, plural: str) -> ResponseReturnValue:
    """Keep what the list shows under a name."""
    resource = resource_at(addon, plural)
    views, given = views_of(g.session, resource, actor=g.actor), _given()
    try:
        view_id = services.create_view(
            g.session, resource, given["name"], _shown(resource), actor=g.actor, **_audience(views, given)
        )
        if given["own_default"]:
            services.set_own_default(g.session, resource, view_id, actor=g.actor)
    except Invalid as error:
        if not set(error.errors) <= set(given):
            raise
        return _dialog(resource, views, None, given, error), 422
    return gone_to(f"{resource.url}?view={view_id}", _("View “%(name)s” saved.", name=given["name"].strip()))


@bp.get("/<addon>/<plural>/views/<int:view_id>/edit")
def ask_view(addon: str, plural: str, view_id: int) -> str:
    """Ask how a view is called and for whom it is."""
    resource = resource_at(addon, plural)
    views, view = _view(resource, view_id)
    values = {
        "name": view.name,
        "audience": view.audience.value,
        "role": view.role or "",
        "is_default": view.is_default,
    }
    return _dialog(resource, views, view, values)


@bp.post("/<addon>/<plural>/views/<int:view_id>/edit")
def change_view(addon: str, plural: str, view_id: int) -> ResponseReturnValue:
    """Change how a view is called and for whom it is."""
    resource = resource_at(addon, plural)
    views, view = _view(resource, view_id)
    given = _given()
    try:
        services.change_view(
            g.session,
            resource,
            view_id,
            actor=g.actor,
            name=given["name"],
            version=number_in(request.form.get("version", "")),
            **_audience(views, given),
        )
    except Invalid as error:
        return _dialog(resource, views, view, given, error), 422
    return gone_to(f"{resource.url}?view={view_id}", _("Saved."))


@bp.post("/<addon>/<plural>/views/<int:view_id>/save")
def save_view(addon: str, plural: str, view_id: int) -> ResponseReturnValue:
    """Let a view show from now on what the list shows."""
    resource = resource_at(addon, plural)
    _views, view = _view(resource, view_id)
    services.change_view(g.session, resource, view_id, actor=g.actor, query=_shown(resource))
    return gone_to(f"{resource.url}?view={view_id}", _("View “%(name)s” saved.", name=view.name))


@bp.post("/<addon>/<plural>/views/<int:view_id>/delete")
def delete_view(addon: str, plural: str, view_id: int) -> ResponseReturnValue:
    """Take a view away and offer it back."""
    resource = resource_at(addon, plural)
    _views, view = _view(resource, view_id)
    services.delete_view(g.session, resource, view_id, actor=g.actor)
    undo = f"{resource.url}/views/{view_id}/restore"
    return gone_to(resource.url, _("View “%(name)s” deleted.", name=view.name), undo_url=undo)


@bp.post("/<addon>/<plural>/views/<int:view_id>/restore")
def restore_view(addon: str, plural: str, view_id: int) -> ResponseReturnValue:
    """Bring a deleted view back."""
    resource = resource_at(addon, plural)
    services.restore_view(g.session, resource, view_id, actor=g.actor)
    return gone_to(f"{resource.url}?view={view_id}", _("The view is back."))


@bp.post("/<addon>/<plural>/views/<int:view_id>/default")
def open_first(addon: str, plural: str, view_id: int) -> ResponseReturnValue:
    """Let a view open first for this reader."""
    resource = resource_at(addon, plural)
    _views, view = _view(resource, view_id)
    services.set_own_default(g.session, resource, view_id, actor=g.actor)
    return gone_to(
        f"{resource.url}?view={view_id}", _("“%(name)s” opens first for you from now on.", name=view.name)
    )


@bp.post("/<addon>/<plural>/views/default")
def open_plain_first(addon: str, plural: str) -> ResponseReturnValue:
    """Let the plain list open first for this reader."""
    resource = resource_at(addon, plural)
    services.set_own_default(g.session, resource, None, actor=g.actor)
    return gone_to(
        f"{resource.url}?segment=all", _("“%(name)s” opens first for you from now on.", name=_("All"))
    )


@bp.post("/<addon>/<plural>/views/default/forget")
def forget_default(addon: str, plural: str) -> ResponseReturnValue:
    """Let the default of the role, or of everybody, open first again."""
    resource = resource_at(addon, plural)
    services.forget_own_default(g.session, resource, actor=g.actor)
    return gone_to(resource.url, _("The list opens as it is set for everybody again."))


@bp.get("/<addon>/<plural>/views/order")
def ask_order(addon: str, plural: str) -> str:
    """Show all views in the reader's order, to be moved."""
    resource = resource_at(addon, plural)
    views = views_of(g.session, resource, actor=g.actor)
    items = [(each.id, each.name, _for_whom(each)) for each in views.items]
    return render_template(
        "records/dialog_views.html", items=items, action=f"{resource.url}/views/order", csrf=shell().csrf
    )


@bp.post("/<addon>/<plural>/views/order")
def order_views(addon: str, plural: str) -> ResponseReturnValue:
    """Keep the order of the views for this reader."""
    resource = resource_at(addon, plural)
    wanted = [number_in(each) for each in request.form.getlist("view")]
    services.order_views(g.session, resource, [each for each in wanted if each is not None], actor=g.actor)
    return gone_to(resource.url, _("Saved."))


@bp.post("/<addon>/<plural>/views/widths")
def keep_widths(addon: str, plural: str) -> Response:
    """Keep the widths of the columns, quietly."""
    resource = resource_at(addon, plural)
    try:
        data = orjson.loads(request.form.get("widths", ""))
    except orjson.JSONDecodeError:
        raise Invalid({"widths": [_("This does not have the right form.")]}) from None
    widths = {name: steps for name, steps in read_widths(data).items() if name in resource.fields}
    view_id = number_in(request.args.get("view", ""))
    services.keep_widths(g.session, resource, view_id, widths, actor=g.actor)
    return Response(status=204)


def _shown(resource: Resource) -> ViewQuery:
    """What the list shows at the address in the request's parameters, with its widths."""
    state = open_list(resource, request.args.to_dict(flat=False))
    query = asked_at(resource, state.address)
    return ViewQuery(
        where=query.where,
        q=query.q,
        sort=query.sort,
        columns=query.columns,
        widths=tuple(sorted(widths_of(state).items())),
        group=query.group,
        totals=query.totals,
        per_page=query.per_page,
    )


def _view(resource: Resource, view_id: int) -> tuple[Views, View]:
    """A view the reader may see, and all the others.

    Raises:
        NotFound: there is none.
    """
    views = views_of(g.session, resource, actor=g.actor)
    view = views.get(view_id)
    if view is None:
        raise NotFound
    return views, view


def _given() -> dict[str, Any]:
    form = request.form
    return {
        "name": form.get("name", ""),
        "audience": form.get("audience", Audience.PRIVATE.value),
        "role": form.get("role", ""),
        "is_default": form.get("is_default") == "1",
        "own_default": form.get("own_default") == "1",
    }


def _audience(views: Views, given: dict[str, Any]) -> dict[str, Any]:
    """For whom a view is meant to be; who may not share is not asked."""
    if not views.may_share and given["audience"] == Audience.PRIVATE:
        return {"audience": Audience.PRIVATE}
    try:
        audience = Audience(given["audience"])
    except ValueError:
        raise Invalid({"audience": [_("Choose for whom the view is.")]}) from None
    return {"audience": audience, "role": given["role"] or None, "is_default": given["is_default"]}


def _dialog(
    resource: Resource,
    views: Views,
    view: View | None,
    values: dict[str, Any],
    error: GuanxiError | None = None,
) -> str:
    errors = error.errors if isinstance(error, Invalid) else {}

    def field(name: str, label: str, kind: str, **options: Any) -> FieldView:
        said = [str(each) for each in errors.get(name, ())]
        return FieldView(name, label, kind, values.get(name, ""), wide=True, errors=said, **options)

    fields = [field("name", _("Name"), "text", required=True, max_length=services.MAX_NAME, focused=True)]
    if views.may_share:
        audiences = [
            Option("private", _("Only me"), icon="bookmark"),
            Option("shared", _("Everybody"), icon="users"),
            Option("role", _("Default of a role"), icon="id-badge-2"),
        ]
        roles = [Option(role.code, str(role.title)) for role in READY_ROLES]
        fields += [
            field("audience", _("For"), "choice", options=audiences, segmented=True),
            field("role", _("Role"), "choice", options=roles),
            field("is_default", _("Opens first for everybody without another default"), "flag"),
        ]
    if view is None:
        fields.append(field("own_default", _("Opens first for me"), "flag"))
    base = f"{resource.url}/views"
    action = f"{base}/{view.id}/edit" if view is not None else f"{base}/new?{request.query_string.decode()}"
    form = FormView(
        _("Rename and share") if view is not None else _("Save as a view"),
        action,
        resource.url,
        [FieldSection("", fields)],
        version=view.version if view is not None else None,
    )
    return render_template("records/dialog_view.html", view=form, csrf=shell().csrf)


def _for_whom(view: View) -> str:
    if view.audience is Audience.ROLE:
        title = next((str(role.title) for role in READY_ROLES if role.code == view.role), view.role)
        return _("Default of %(role)s", role=title)
    if view.audience is Audience.SHARED:
        return _("Default of everybody") if view.is_default else _("Everybody")
    return _("Only me")
