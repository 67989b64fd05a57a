"""Every page of the design system with made-up data: for pictures and for axe."""
