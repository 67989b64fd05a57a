"""Access: verbs, roles, units and scopes, and the policy that answers who may do what."""
