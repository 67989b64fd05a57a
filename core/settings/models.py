"""All tables of the core, gathered for the loader."""

from __future__ import annotations

from core.access import models as access_models
from core.auth import models as auth_models
from core.jobs import models as job_models
from core.resources import models as resource_models
from core.resources.importing import models as import_models

__all__ = ["access_models", "auth_models", "import_models", "job_models", "resource_models"]
