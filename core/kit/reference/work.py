"""Background jobs, and the channels values come through."""

from __future__ import annotations

import inspect

from core.i18n import _, _p
from core.kernel import Kernel
from core.kit.reference.markdown import code, page, plain, prose, table


def jobs_page(kernel: Kernel) -> str:
    """Each kind of job: when it runs, in which lane, how often it is tried."""
    rows = (
        (
            code(kind.name),
            plain(kind.title),
            code(kind.every) or _("when it is asked for"),
            code(kind.lane),
            str(kind.attempts),
            prose((inspect.getdoc(kind.function) or "").partition("\n\n")[0]),
        )
        for kind in kernel.jobs
    )
    headings = (_("Kind"), _("Title"), _("When (cron, UTC)"), _("Lane"), _("Tries"), _("What it does"))
    said = _("A kind of job is a function in the `jobs` room of an addon, marked with `@job`.")
    return page(_("Background jobs"), said, table(headings, rows))


def channels_page(kernel: Kernel) -> str:
    """Each channel, and whether a form may say that its values came that way."""
    rows = (
        (
            code(each.name),
            plain(each.title),
            code(each.addon),
            _p("answer", "yes") if each.from_forms else "",
        )
        for each in kernel.channels
    )
    said = _(
        "Each change of a record keeps the channel it came through. Addons declare further ones in their"
        " `channels` rooms."
    )
    return page(_("Channels"), said, table((_("Name"), _("Title"), _("Addon"), _("From forms")), rows))
