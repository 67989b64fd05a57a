"""Keep what customers and contacts are recognised by.

Names get a key that leaves out the legal form and tells the sound; tax numbers lose their blanks and
become capitals, as new ones are kept; mail is found in any case.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.search.names import name_match

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

#: Rows read and written at once.
BATCH = 5000
NAMED = ("customer_customer", "customer_contact")


def upgrade() -> None:
    """Apply the change to one tenant's schema."""
    for table in NAMED:
        op.add_column(
            table,
            sa.Column("name_match", sa.String(length=400, collation="C"), server_default="", nullable=False),
        )
        fill(op.get_bind(), table)
        op.create_index(op.f(f"ix_{table}_name_match"), table, ["name_match"], unique=False)
        op.create_index(f"ix_{table}_email_lower", table, [sa.text("lower(email)")], unique=False)
    op.create_index(
        "ix_customer_customer_email_address_lower",
        "customer_customer_email",
        [sa.text("lower(address)")],
        unique=False,
    )
    op.execute(
        "update customer_customer set tax_number = upper(regexp_replace(tax_number, '\\s', '', 'g'))"
        " where tax_number <> upper(regexp_replace(tax_number, '\\s', '', 'g'))"
    )
    op.create_index(
        op.f("ix_customer_customer_tax_number"), "customer_customer", ["tax_number"], unique=False
    )


def fill(connection: sa.Connection, table: str) -> None:
    """Give the rows there are their keys, batch by batch."""
    rows = sa.table(table, sa.column("id"), sa.column("name"), sa.column("name_match"))
    last = 0
    while True:
        part = connection.execute(
            sa.select(rows.c.id, rows.c.name).where(rows.c.id > last).order_by(rows.c.id).limit(BATCH)
        ).all()
        if not part:
            return
        keys = (
            sa.func.unnest(
                sa.literal([row.id for row in part], sa.ARRAY(sa.BigInteger)),
                sa.literal([name_match(row.name) for row in part], sa.ARRAY(sa.Text)),
            )
            .table_valued("id", "name_match")
            .render_derived()
        )
        connection.execute(sa.update(rows).where(rows.c.id == keys.c.id).values(name_match=keys.c.name_match))
        last = part[-1].id


def downgrade() -> None:
    """Undo `upgrade`; tax numbers stay as they are."""
    op.drop_index(op.f("ix_customer_customer_tax_number"), table_name="customer_customer")
    op.drop_index("ix_customer_customer_email_address_lower", table_name="customer_customer_email")
    for table in reversed(NAMED):
        op.drop_index(f"ix_{table}_email_lower", table_name=table)
        op.drop_index(op.f(f"ix_{table}_name_match"), table_name=table)
        op.drop_column(table, "name_match")
