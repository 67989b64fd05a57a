"""The front-end files: sources, their build (`python -m core.web.assets`) and where they end up."""
