"""The web: one lifecycle for every request, pages and API over the engine, the design system."""
