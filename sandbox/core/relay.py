"""A port of this machine that leads to something simulated."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

__all__ = ["ADDRESS", "Target", "beyond", "listening"]

ADDRESS = "127.0.0.1"
Target = tuple[str, int]
_LISTENING: dict[int, tuple[asyncio.Server, Callable[[], Target]]] = {}
"""By their ports, those that have ended included."""


async def listening(port: int, start: Callable[[], Target]) -> asyncio.Server:
    """Carries what comes there to where `start` says, which may take its time; what comes meanwhile is kept, up to one
    read of it. When it raises, or nobody listens there, the connection ends. Raises OSError when the port is taken.
    """
    server = await asyncio.get_running_loop().create_server(lambda: _Near(start), ADDRESS, port)
    _LISTENING[server.sockets[0].getsockname()[1]] = server, start
    return server


def beyond(port: int) -> Target:
    """Where a port of this machine leads, for who lives in this process: to carry its own bytes to itself would be most
    of what a simulated provider of databases does. The port itself, when none of these listens there, or to nowhere.
    """
    server, start = _LISTENING.get(port, (None, None))
    if server is None or start is None or not server.is_serving():
        return ADDRESS, port
    try:
        return start()
    except Exception:  # as who connects sees it: a connection that ends
        return ADDRESS, port


class _End(asyncio.Protocol):
    """One end of a connection; what comes in here goes out there, and is kept until there is a there.

    Pausing before anything came would not do: before Python 3.11.4 asyncio begins to read after `connection_made`,
    whatever was said in it, so what comes first arrives all the same.
    """

    def __init__(self, other: _End | None) -> None:
        self.other = other
        self.transport: asyncio.Transport | None = None
        self.ended = False  # nothing more comes in here; something may still go out
        self._kept = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if self._there is not None:
            self._there.write(data)
        elif self.transport is not None:
            self._kept += data
            self.transport.pause_reading()

    def eof_received(self) -> bool:
        """Half of the connection may end before the other: who has asked still waits for the answer."""
        self.ended = True
        if self._there is not None:
            self._there.write_eof()
        return self.other is None or not self.other.ended

    def join(self, other: _End) -> None:
        """Hands over what came before the other end was there."""
        self.other = other
        if self.transport is None or other.transport is None:
            return
        self.transport.resume_reading()  # first: the other may say at once that it is too much
        if self._kept:
            other.transport.write(bytes(self._kept))
            self._kept.clear()
        if self.ended:
            other.transport.write_eof()

    def pause_writing(self) -> None:
        if self._there is not None:
            self._there.pause_reading()

    def resume_writing(self) -> None:
        if self._there is not None:
            self._there.resume_reading()

    def connection_lost(self, _: Exception | None) -> None:
        self.transport = None
        if self._there is not None:
            self._there.close()  # once it has sent what it was given

    @property
    def _there(self) -> asyncio.Transport | None:
        return self.other.transport if self.other else None


class _Near(_End):
    """The end that somebody has opened."""

    def __init__(self, start: Callable[[], Target]) -> None:
        super().__init__(None)
        self._start = start
        self._reaching: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._reaching = asyncio.get_running_loop().create_task(self._reach())

    async def _reach(self) -> None:
        far = _End(self)
        try:
            target = await asyncio.to_thread(self._start)
            await asyncio.get_running_loop().create_connection(lambda: far, *target)
        except Exception:  # its text is for nobody: who connects sees a connection that ends
            if self.transport is not None:
                self.transport.close()
            return
        self.join(far)
        if self.transport is None and far.transport is not None:
            far.transport.close()
