"""Signing in: users, passwords, sessions, API tokens, and the administrators of the platform."""
