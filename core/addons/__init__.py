"""Addons: what they declare, where they are found, how they load, and for whom they are on."""
