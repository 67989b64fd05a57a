"""Alembic's entry: runs one history on the connection `core.db.migrate` hands over."""

from __future__ import annotations

from alembic import context

attributes = context.config.attributes

context.configure(
    connection=attributes["connection"],
    version_table=f"mig_{attributes['history']}",
    version_table_schema=attributes["schema"],
    on_version_apply=attributes.get("on_version_apply"),
)
context.run_migrations()
