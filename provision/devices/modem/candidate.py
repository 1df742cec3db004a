"""What a modem or radio is to run: its intent rendered with its secrets and the office's keys."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import replace

from provision.core import render
from provision.core.device import Device, Intent
from provision.core.model import Candidate, Secret
from provision.core.render import Access
from provision.home.keys import office_key
from provision.home.vault import wireguard_public
from provision.home.workspace import Workspace
from provision.local.share import templates


def candidates_of(
    workspace: Workspace, intents: list[Intent], sets: Mapping[str, Mapping[str, Secret]] | None = None
) -> dict[str, Candidate]:
    """Return the candidate of each intent by asset tag, rendered with secrets and authorized SSH keys.

    The secrets are those of `sets`, or without it those of the vault; the keys are the office's and the intent's.
    Raises ProvisionError if an intent cannot be rendered for the device's firmware.
    """
    sets = workspace.vault.devices([i.tag for i in intents]) if sets is None else sets
    keys = office_key(workspace.place.ssh_key)
    candidates = {}
    for intent in intents:
        own = sets[intent.tag]
        access = Access(
            authorized_keys="".join(k + "\n" for k in (keys, *intent.ssh_keys)),
            password_hash=Secret(own["password_hash"].reveal() + "\n"),
            secrets=own,
        )
        known = workspace.known.get(intent.tag)
        firmware = known.device.firmware.raw if known else ""
        candidates[intent.tag] = render.render(intent, access, templates(intent.family.name), new_token, firmware)
    return candidates


def new_token() -> str:
    """Return a random text that stands for a secret while templates are filled in."""
    return secrets.token_hex(12)


def after_of(intent: Intent, device: Device, own: Mapping[str, Secret]) -> Device:
    """Return the modem as it is reached once it runs its intent with the secrets `own`."""
    return replace(
        device,
        host=intent.address,
        bench_host=intent.lan.address,
        ssh_port=intent.ssh_port,
        snmp_port=intent.snmp_port,
        tunnel_key=wireguard_public(own["wireguard_private"]),
    )
