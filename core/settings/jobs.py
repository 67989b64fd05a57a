"""The core's own background work."""
