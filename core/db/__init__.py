"""The database: records and their fields, the unit of work, tenants, migrations, and a server of our own."""
