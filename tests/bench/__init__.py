"""The benchmark: our API and pages beside the least that could answer the same, in one run."""
