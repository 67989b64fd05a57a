"""The blueprint that the modules of this room add their routes to."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("customer", __name__, url_prefix="/customer", template_folder="../templates")
