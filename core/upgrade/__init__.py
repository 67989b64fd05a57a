"""Upgrading tenants: what stands before them, and bringing them to the newest revisions."""
