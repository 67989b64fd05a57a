"""What the scripts say: every `t("...")` in ``assets/src/js``; a test keeps the two the same."""

from __future__ import annotations

from core.i18n import gettext

WORDS = (
    "Add a condition",
    "Add a group",
    "All of these hold",
    "An advanced condition",
    "Any of these holds",
    "Apply",
    "Cancel",
    "Choices",
    "Clear all",
    "Close",
    "Close a dialog or menu",
    "Command palette",
    "Comparison",
    "Create",
    "Create a new record",
    "Create “%(name)s”",
    "Discard",
    "Dismiss",
    "Draft from %(time)s restored.",
    "Edit this record",
    "Field",
    "Filter this list",
    "Filters",
    "Keyboard shortcuts",
    "Line removed.",
    "Next row",
    "No",
    "Nothing found for “%(q)s”.",
    "Open the row",
    "Previous row",
    "Remove this condition",
    "Remove this group",
    "Remove “%(tag)s”",
    "Results",
    "Save the form",
    "Search or jump to…",
    "Searching…",
    "Several, separated by commas",
    "Show this help",
    "Single keys work (j, k, /, ? …)",
    "The choices could not be loaded.",
    "The server cannot be reached. Check the network and try again.",
    "The server could not do this. Nothing was changed; please try again.",
    "There is nothing to choose yet.",
    "There is unsaved input. Do it again to discard it.",
    "This is not there any more.",
    "Too many requests at once. Please wait a moment.",
    "Undo",
    "Value",
    "Which conditions must hold",
    "Yes",
    "You may not do this.",
    "Your session has ended. Sign in again; what you typed is kept.",
    "choose",
    "close",
    "open",
)


def words() -> dict[str, str]:
    """English sentence -> the sentence in the language in force, for ``_words.html``."""
    return {word: gettext(word) for word in WORDS}
