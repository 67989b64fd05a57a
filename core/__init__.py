"""Guanxi's core: records, fields, rights, hooks and pages. It knows no business word."""

__version__ = "0.1.0"
