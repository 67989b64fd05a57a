"""All tables of the core, gathered for the loader."""

from __future__ import annotations

from core.access import models as access_models
from core.auth import models as auth_models
from core.customising import models as customising_models
from core.jobs import models as job_models
from core.messages import models as message_models
from core.resources import models as resource_models
from core.resources.bulk import models as bulk_models
from core.resources.exporting import models as export_models
from core.resources.importing import models as import_models
from core.resources.settings import models as setting_models
from core.resources.views import models as view_models
from core.search import models as search_models
from core.seeds import models as seed_models

__all__ = [
    "access_models",
    "auth_models",
    "bulk_models",
    "customising_models",
    "export_models",
    "import_models",
    "job_models",
    "message_models",
    "resource_models",
    "search_models",
    "seed_models",
    "setting_models",
    "view_models",
]
