"""Modems: a change is a confirmed commit whose way back lies on the device."""
