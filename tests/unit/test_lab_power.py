"""A lab device whose power is cut while its doors follow the configuration gives every address back."""

from __future__ import annotations

import asyncio
import errno
import socket
from pathlib import Path

import pytest

from provision.lab import slow, ssh
from provision.lab.box import Box
from provision.lab.ros.device import Router


def listens(port: int) -> bool:
    """Say whether a port is taken; nothing connects, so that no session is left over."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


async def until(*, port: int, open_: bool) -> None:
    async with asyncio.timeout(20):
        while listens(port) is not open_:
            await asyncio.sleep(0)  # each step of the loop is looked at: the door was opened a moment ago, and no more


def test_a_power_cut_while_the_door_opens_leaves_no_door(tmp_path: Path) -> None:
    port = slow.spare_port()
    box = Box(
        tag="BRU-MDM-10", serial="HGS1", mac="48:a9:8a:00:00:10", imei="862212376648919", model="LtAP", firmware="7.18.2",
        address="127.0.0.1", ssh_port=port, snmp_port=port, system="routeros",
    )  # fmt: skip

    async def cut() -> None:
        router = Router(box, tmp_path / "home", tmp_path / "run")
        await router.power_on()
        router.faults["slow"] = "0.001"  # the door depends on it: it is opened anew
        router.spawn(router.settle())
        await until(port=port, open_=False)
        await until(port=port, open_=True)
        await router.power_off()
        assert not listens(port)
        await router.power_on()
        assert listens(port)
        await router.power_off()
        assert not listens(port)

    asyncio.run(cut())


def test_a_door_is_kept_if_nothing_changed_and_a_failure_leaves_none_that_nobody_closes(tmp_path: Path) -> None:
    port = slow.spare_port()
    box = Box(
        tag="BRU-MDM-10", serial="HGS1", mac="48:a9:8a:00:00:10", imei="862212376648919", model="LtAP", firmware="7.18.2",
        address="127.0.0.1", ssh_port=port, snmp_port=port, system="routeros",
    )  # fmt: skip

    async def settled() -> None:
        router = Router(box, tmp_path / "home", tmp_path / "run")
        await router.power_on()
        opened = dict(router.open_doors)
        await router.settle()
        assert router.open_doors == opened, "a reload that changes nothing restarts nothing"

        async def fails() -> ssh.Stop:
            raise OSError(errno.EADDRINUSE, "the second address is taken")

        async def opens() -> ssh.Stop:
            async def closes() -> None:
                closed.append("the first door")

            return closes

        closed: list[str] = []
        with pytest.raises(OSError, match="is taken"):
            await router.doors({"first": opens, "second": fails})
        assert not listens(port), "what is not wanted is closed"
        await router.settle()
        assert closed == ["the first door"]
        assert listens(port)
        await router.power_off()

    asyncio.run(settled())


def test_a_door_that_cannot_open_everywhere_opens_nowhere() -> None:
    opened: list[asyncio.Server] = []

    async def listen(address: str) -> asyncio.Server:
        if address == "taken":
            raise OSError(98, "Address already in use")
        opened.append(await asyncio.start_server(lambda *_: None, address, 0))
        return opened[-1]

    async def both() -> None:
        with pytest.raises(OSError, match="already in use"):
            await ssh.at_every(("127.0.0.1", "taken"), listen)
        assert [server.is_serving() for server in opened] == [False]

    asyncio.run(both())
