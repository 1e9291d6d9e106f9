"""The REST API for storefronts: photos in, tags and status out."""
