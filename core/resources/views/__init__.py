"""Views of lists that people keep: what they show, who sees them, and which one opens first."""
