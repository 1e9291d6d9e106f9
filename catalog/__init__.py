"""Products, photos, taxonomy and tags, and the conveyor every photo travels on."""
