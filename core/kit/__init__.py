"""The developer kit: new addons, checks of addons, revisions of their tables."""
