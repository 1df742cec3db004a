"""One home on disk: paths, intent, vault, keys, backup."""
