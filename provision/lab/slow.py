"""A slow link in front of a lab device's SSH door: every piece arrives late."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable, Sequence

Stop = Callable[[], Awaitable[None]]


def spare_port() -> int:
    """Return a TCP port of 127.0.0.1 that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def behind(
    open_inside: Callable[[int], Awaitable[Stop]], addresses: Sequence[str], port: int, delay_s: float
) -> Stop:
    """Open a server at a spare port of 127.0.0.1 by `open_inside` and relay to it from `port` of every address.

    Return the coroutine function that stops all. If an address is taken, what was opened is closed and the OSError
    is raised.
    """
    inside = spare_port()
    async with contextlib.AsyncExitStack() as opened:
        opened.push_async_callback(await open_inside(inside))
        for address in addresses:
            opened.push_async_callback(await relay(address, port, inside, delay_s))
        return opened.pop_all().aclose
    raise AssertionError  # the block above returns or raises


async def relay(address: str, port: int, inside: int, delay_s: float) -> Stop:
    """Relay connections at `address:port` to 127.0.0.1:`inside`, all data delayed by `delay_s` seconds.

    Return the coroutine function that stops listening.
    """

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(ConnectionError):
            while piece := await reader.read(65536):
                loop.call_later(delay_s, writer.write, piece)
        loop.call_later(delay_s, writer.close)

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", inside)
        except OSError:
            writer.close()
            return
        await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))

    server = await asyncio.start_server(one, address, port)

    async def stop() -> None:
        server.close()

    return stop
