"""The acts of lending: handover, waiver, training, replacement, return; and who holds what."""
