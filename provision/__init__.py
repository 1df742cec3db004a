"""Conference kits for the kecamatan: from the carton to the watched site."""

__version__ = "0.1.0"
