"""Whether the tags of message templates lead somewhere in both languages; the start looks at English only."""

from __future__ import annotations

from collections.abc import Iterator

from core.addons.manifest import Manifest
from core.i18n import LANGUAGES, _
from core.kernel import Kernel
from core.kit.findings import Finding, line_of
from core.messages.room import fields_for
from core.messages.tags import BadTag, check_tag, tags_in


def check_messages(addon: Manifest, kernel: Kernel) -> Iterator[Finding]:
    """See that every template of ``addon`` can be filled in every language."""
    fields_of = fields_for(addon, kernel.resources)
    for template in kernel.templates:
        if template.addon != addon.name or template.about not in kernel.resources:
            continue
        resource = kernel.resources[template.about]
        for language in LANGUAGES:
            texts = template.supplied(language)
            try:
                for tag in tags_in(texts.subject, texts.text):
                    check_tag(tag, resource, fields_of)
            except BadTag as error:
                path = addon.folder / f"translations/{language}/LC_MESSAGES/{addon.name}.po"
                yield Finding(
                    "messages",
                    path,
                    line_of(path, error.written) if path.exists() else 1,
                    f"{template.name}: {error.problem}",
                    _("Write the tags of a translation as the English text has them."),
                )
