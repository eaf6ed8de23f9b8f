"""A port that leads on: nothing that was said is lost, whichever Python serves it and however late the far end is."""

from __future__ import annotations

import asyncio
import queue
import subprocess
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox.core.relay import ADDRESS, Target, beyond, listening
from tests.pythons import found

ROOT = Path(__file__).resolve().parents[3]
HANGS_S = 20.0


def _name(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


SPOKEN = """
    import asyncio, sys, time
    from sandbox.core.relay import listening

    async def upper(reader, writer):
        writer.write((await reader.read()).upper())
        await writer.drain()
        writer.close()

    async def main():
        far = await asyncio.start_server(upper, "127.0.0.1", 0)
        target = far.sockets[0].getsockname()[:2]
        relay = await listening(0, lambda: (time.sleep(0.3), target)[1])
        reader, writer = await asyncio.open_connection(*relay.sockets[0].getsockname()[:2])
        writer.write(b"the first ")
        await asyncio.sleep(0.1)
        writer.write(b"and the second")
        writer.write_eof()
        print((await asyncio.wait_for(reader.read(), 10)).decode())

    asyncio.run(main())
"""


@pytest.mark.parametrize("python", list(found().values()), ids=list(map(_name, found())))
def test_what_comes_before_the_other_end_is_there_arrives(python: str) -> None:
    """On real sockets, with every Python that can be had: before 3.11.4 asyncio reads though it was told to wait."""
    done = subprocess.run(
        [python, "-c", textwrap.dedent(SPOKEN)], cwd=ROOT, capture_output=True, text=True, timeout=HANGS_S, check=False
    )
    assert done.stdout.strip() == "THE FIRST AND THE SECOND", done.stderr


class Heedless(asyncio.Transport):
    """Delivers what it has read whether it was paused or not, as asyncio before 3.11.4 does at first."""

    def __init__(self) -> None:
        super().__init__()
        self.written = bytearray()
        self.reading = True
        self.closed = False

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data

    def write_eof(self) -> None:
        pass

    def close(self) -> None:
        self.closed = True


class Capturing(asyncio.SelectorEventLoop):
    """Opens no port for the relay: keeps what would have answered there."""

    factory: Callable[[], Any] | None = None

    async def create_server(self, protocol_factory: Any, *args: Any, **more: Any) -> Any:
        if self.factory is not None:
            return await super().create_server(protocol_factory, *args, **more)
        self.factory = protocol_factory
        return await super().create_server(asyncio.Protocol, *args, **more)


def captured(start: Callable[[], Target], then: Callable[[asyncio.Protocol, Heedless], Any]) -> None:
    """Runs `then` with the relay's own end of a connection that has just been opened."""
    loop = Capturing()

    async def opened() -> None:
        await listening(0, start)
        assert loop.factory is not None
        protocol, transport = loop.factory(), Heedless()
        protocol.connection_made(transport)
        await then(protocol, transport)

    try:
        loop.run_until_complete(asyncio.wait_for(opened(), HANGS_S))
    finally:
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


def test_bytes_that_come_though_it_was_paused_are_kept_in_order() -> None:
    """Whatever the transport does, under any Python."""
    received = bytearray()
    target: queue.SimpleQueue[Target] = queue.SimpleQueue()

    def start() -> Target:
        return target.get(timeout=HANGS_S)

    async def then(protocol: asyncio.Protocol, transport: Heedless) -> None:
        protocol.data_received(b"first, ")
        protocol.data_received(b"second, ")
        assert not transport.reading, "what is kept must not grow without end"
        async with await _listener(received) as far:
            target.put(far.sockets[0].getsockname()[:2])
            while not transport.reading:
                await asyncio.sleep(0.01)
            protocol.data_received(b"third")
            while len(received) < len(b"first, second, third"):
                await asyncio.sleep(0.01)
            protocol.connection_lost(None)

    captured(start, then)
    assert received == b"first, second, third"


async def _listener(received: bytearray) -> asyncio.Server:
    class Sink(asyncio.Protocol):
        def data_received(self, data: bytes) -> None:
            received.extend(data)

    return await asyncio.get_running_loop().create_server(Sink, ADDRESS, 0)


def test_a_connection_ends_when_nobody_is_there() -> None:
    """Also when something was kept for them."""

    def start() -> Target:
        raise ConnectionRefusedError

    async def then(protocol: asyncio.Protocol, transport: Heedless) -> None:
        protocol.data_received(b"hello")
        while not transport.closed:
            await asyncio.sleep(0.01)

    captured(start, then)


def test_more_than_any_buffer_holds_arrives_whole() -> None:
    """Each end is told to wait while the other one is full."""
    size = 8 * 1024 * 1024
    begun = time.monotonic()

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.2)
        writer.write(str(len(await reader.read())).encode())
        writer.close()

    async def main() -> str:
        far = await asyncio.start_server(slow, ADDRESS, 0)
        port = far.sockets[0].getsockname()[1]
        relay = await listening(0, lambda: (ADDRESS, port))
        reader, writer = await asyncio.open_connection(ADDRESS, relay.sockets[0].getsockname()[1])
        writer.write(b"x" * size)
        writer.write_eof()
        said = (await reader.read()).decode()
        writer.close()
        relay.close()
        far.close()
        return said

    assert asyncio.run(main()) == str(size)
    assert time.monotonic() - begun < HANGS_S


def test_who_lives_in_the_process_is_told_where_a_port_leads() -> None:
    """For as long as it is listened on, and only when it leads somewhere; the port itself otherwise."""

    def nowhere() -> Target:
        raise ConnectionRefusedError

    async def main() -> None:
        there, blind = await listening(0, lambda: (ADDRESS, 5)), await listening(0, nowhere)
        port, other = (one.sockets[0].getsockname()[1] for one in (there, blind))
        assert beyond(port) == (ADDRESS, 5)
        assert beyond(other) == (ADDRESS, other)
        there.close()
        assert beyond(port) == (ADDRESS, port)
        blind.close()

    asyncio.run(main())
    assert beyond(1) == (ADDRESS, 1)
