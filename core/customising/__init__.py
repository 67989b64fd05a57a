"""What administrators add themselves: fields of their own on any resource.

A definition is a row of the tenant's. `core.customising.definitions` reads all of them once a version of
the tenant, `core.customising.layer` puts them into the tenant's view of a resource, and from there on
they are fields like any other; their values lie in the column ``custom`` of the records' own tables.
"""
