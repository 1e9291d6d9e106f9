"""The catalog's REST API, with flags and decisions."""
