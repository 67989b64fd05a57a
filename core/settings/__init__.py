"""The core's own rooms: people and units as resources, and what each role may do with them."""
