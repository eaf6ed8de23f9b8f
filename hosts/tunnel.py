"""SSH forwards to what only a host can reach: the one way of the operators to the databases.

Each forward is a listener on 127.0.0.1 of this machine; each connection to it becomes a channel of one SSH
connection per host. When that drops, the next connection opens it again. Nothing is listened to on other
addresses, and nothing on the host: forwards lead outwards only.
"""

from __future__ import annotations

import asyncio
import errno
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

import asyncssh

from hosts.ssh import SshHost, SshProblem, connect
from kept.operator_error import OperatorError
from kept.say import Say

__all__ = ["TunnelProblem", "open_forwards", "serve_forwards"]

LOCAL = "127.0.0.1"


class TunnelForward(Protocol):
    """What is needed of a forward of the settings (`settings.Forward`)."""

    @property
    def name(self) -> str:
        """The name of what the forward leads to, as in a message."""

    @property
    def local_port(self) -> int:
        """The port of this machine (127.0.0.1) at which the forward begins."""

    @property
    def host(self) -> str:
        """The name of the host that it goes through."""

    @property
    def target_host(self) -> str:
        """Where it leads, as the host sees it."""

    @property
    def target_port(self) -> int:
        """The port at the forward's other end."""


class TunnelProblem(OperatorError):
    """Why a forward can't be opened, and how to mend it."""


@contextmanager
def open_forwards(
    forwards: Sequence[TunnelForward],
    hosts: Iterable[SshHost],
    *,
    config: Path | None = None,
    say: Say = lambda _: None,
) -> Iterator[None]:
    """Keeps the forwards open while the block runs, in a thread of its own.

    Raises TunnelProblem or SshProblem before the block starts. What happens later (a connection that dropped
    and was opened again, a target that refused) is said through `say`, from that thread.
    """
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="ssh-tunnel", daemon=True)
    tunnel = _Tunnel(forwards, {host.name: host for host in hosts}, config, say)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(tunnel.open(), loop).result()
        yield
    finally:
        asyncio.run_coroutine_threadsafe(tunnel.close(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def serve_forwards(
    forwards: Sequence[TunnelForward],
    hosts: Iterable[SshHost],
    *,
    config: Path | None = None,
    say: Say = print,
) -> None:
    """Opens the forwards, says so, and keeps them until Ctrl-C."""
    with open_forwards(forwards, hosts, config=config, say=say):
        for forward in forwards:
            say(f"{LOCAL}:{forward.local_port} → {forward.target_host}:{forward.target_port} ({forward.name})")
        say("Open until Ctrl-C.")
        with suppress(KeyboardInterrupt):
            threading.Event().wait()


class _Link:
    """The SSH connection to one host, opened again when it is gone."""

    def __init__(self, host: SshHost, config: Path | None, say: Say) -> None:
        self._host = host
        self._config = config
        self._say = say
        self._lock = asyncio.Lock()
        self._connection: asyncssh.SSHClientConnection | None = None

    async def connection(self) -> asyncssh.SSHClientConnection:
        async with self._lock:
            if self._connection is not None and self._connection.is_closed():
                self._say(f"The SSH connection to {self._host.name} dropped; connecting again.")
                self._connection = None
            if self._connection is None:
                self._connection = await connect(self._host, self._config)
            return self._connection

    async def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            await self._connection.wait_closed()


class _Tunnel:
    """All forwards of a run. Lives in the tunnel's own event loop."""

    def __init__(
        self, forwards: Sequence[TunnelForward], hosts: dict[str, SshHost], config: Path | None, say: Say
    ) -> None:
        self._forwards = forwards
        self._say = say
        self._links = {name: _Link(hosts[name], config, say) for name in {forward.host for forward in forwards}}
        self._listeners: list[asyncio.Server] = []
        self._open: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Takes all local ports, then connects: a taken port is found without waiting for the network."""
        for forward in self._forwards:
            self._listeners.append(await self._listen(forward))
        await asyncio.gather(*(link.connection() for link in self._links.values()))

    async def close(self) -> None:
        for listener in self._listeners:
            listener.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        await asyncio.gather(*(link.close() for link in self._links.values()))

    async def _listen(self, forward: TunnelForward) -> asyncio.Server:
        async def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            carrying = asyncio.create_task(self._carry(forward, reader, writer))
            self._open.add(carrying)
            carrying.add_done_callback(self._open.discard)

        try:
            return await asyncio.start_server(accepted, LOCAL, forward.local_port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise TunnelProblem(
                    f"{LOCAL}:{forward.local_port} (forward {forward.name}): {error.strerror}."
                ) from error
            raise TunnelProblem(
                f"{LOCAL}:{forward.local_port} (forward {forward.name}) is taken, perhaps by another "
                "`./smos tunnel`. "
                "Fix: end that program, or change smarteros:tunnel/firstPort in the stack's settings."
            ) from error

    async def _carry(self, forward: TunnelForward, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One local connection. An end that can't be reached closes it, with the reason said."""
        try:
            link = await self._links[forward.host].connection()
            far_reader, far_writer = await link.open_connection(forward.target_host, forward.target_port)
        except (SshProblem, asyncssh.Error, OSError) as error:
            self._say(f"Forward {forward.name} to {forward.target_host}:{forward.target_port}: {error}")
            writer.close()
            return
        try:
            await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))
        except (OSError, asyncssh.Error):
            return  # one side went away in the middle: the other is told by closing
        finally:
            far_writer.close()
            writer.close()


class _Reader(Protocol):
    async def read(self, n: int = -1, /) -> bytes:
        """Bytes; none at the end."""


class _Writer(Protocol):
    def write(self, data: bytes, /) -> None:
        """Queues bytes for the other side; returns before they are sent."""

    def write_eof(self) -> None:
        """Says to the other side that no more bytes will come."""

    async def drain(self) -> None:
        """Waits while the queue is long."""


async def _copy(reader: _Reader, writer: _Writer) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    with suppress(OSError):
        writer.write_eof()
