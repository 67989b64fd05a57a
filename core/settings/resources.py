"""People and units, through the same engine as everything else."""

from __future__ import annotations

from core.access.models import Unit
from core.auth.models import User
from core.i18n import _l, _lp
from core.resources.declaration import Resource, Section
from core.settings.services import UnitService, UserService


class UserResource(Resource):
    """Those who sign in."""

    name = "core.user"
    model = User
    title, title_plural = _l("User"), _l("Users")
    icon = "user"
    subtitle = ("email",)
    list_columns = ("name", "email", "unit", "language")
    form = (Section(_l("Basics"), "name", "email", "unit", "language", "theme", id="basics"),)
    quick_create = ("name", "email", "unit")
    sort = ("name",)
    service_class = UserService


class UnitResource(Resource):
    """The org tree."""

    name = "core.unit"
    model = Unit
    title, title_plural = _lp("organisation", "Unit"), _l("Units")
    icon = "sitemap"
    subtitle = ("code",)
    list_columns = ("name", "code", "parent")
    form = (Section(_l("Basics"), "code", "name", "parent", id="basics"),)
    quick_create = ("code", "name", "parent")
    sort = ("code",)
    service_class = UnitService
