"""Conference kits for the kecamatan: set up, checked, lent and watched."""

__version__ = "0.2.0"
