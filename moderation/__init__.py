"""Policies, banks, flags, reviews and decisions: what may not be shown, and who decides."""
