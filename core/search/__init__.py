"""The quick search: by what a text is found, and what it is recognised by."""
