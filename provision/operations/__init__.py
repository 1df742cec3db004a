"""One verb, one file, whatever kind of device it meets."""
