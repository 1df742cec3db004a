"""A slow link in front of a lab device's SSH door: every piece arrives late."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable


def spare_port() -> int:
    """Return a TCP port of 127.0.0.1 that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def relay(address: str, port: int, inside: int, delay_s: float) -> Callable[[], Awaitable[None]]:
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
