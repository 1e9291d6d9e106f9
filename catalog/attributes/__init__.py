"""Attributes: facets of a photo beside its category. Read `describing.py` first."""
