"""The catalog's pages: photos, uploading, and the private pictures they show."""
