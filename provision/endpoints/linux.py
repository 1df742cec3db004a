"""Debian and its relatives, with systemd and Python 3.8 or later."""

from __future__ import annotations

from provision.endpoints import Endpoint

INBOX = "/var/lib/kit/inbox"

ENDPOINT = Endpoint(
    name="linux",
    title="Linux (Debian, Ubuntu, Mint)",
    feed="python3 -SE -",
    as_root="sudo -n ",
    collector="collectors/linux.py",
    baseline="endpoint/linux.py",
    inbox=INBOX,
    unpack=f'sh -c \'mkdir -p "${{KIT_ROOT-}}{INBOX}" && tar -xf - -C "${{KIT_ROOT-}}{INBOX}"\'',
)
