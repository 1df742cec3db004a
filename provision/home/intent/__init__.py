"""What people wrote in inventory/ -> kits and intents, or every fault at once."""

from __future__ import annotations

from provision.home.intent.read import Home, read

__all__ = ["Home", "read"]
