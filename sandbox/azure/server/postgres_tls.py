"""TLS in front of a simulated Azure database server: what a flexible server answers before PostgreSQL is
spoken.

The wheel's PostgreSQL is built without TLS, and Azure demands it. This front answers a client's SSLRequest,
does TLS (1.2 and newer, with the certificate that it is given) and passes the bytes on to the cluster. A
client that does not ask for TLS gets the error that Azure gives. Cancel requests are passed on, as PostgreSQL
does with and without TLS.

Not simulated: client certificates, channel binding (the cluster sees no TLS, so it does not offer it), direct
TLS without an SSLRequest (`sslnegotiation=direct`), GSS encryption (refused, as Azure does). Source:
https://www.postgresql.org/docs/current/protocol-flow.html, "SSL Session Encryption".
"""

from __future__ import annotations

import asyncio
import ssl
import struct
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Listening", "TlsFront", "serve", "server_context"]

CANCEL_REQUEST = 80877102
SSL_REQUEST = 80877103
GSS_REQUEST = 80877104
FIRST_PACKET_TIMEOUT_S = 10
LONGEST_FIRST_PACKET = 10_000  # PostgreSQL's own limit of a start-up packet


def server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """A server's TLS settings: TLS 1.2 or newer, with this certificate chain and key (PEM files)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    return context


@dataclass(frozen=True, kw_only=True)
class TlsFront:
    """The TLS that one simulated Flexible Server speaks in front of a real PostgreSQL."""

    context: ssl.SSLContext
    upstream: tuple[str, int]
    """The cluster's address and port."""
    client_address: str = ""
    """The address that errors name; by default the one that the connection comes from (here always
    127.0.0.1).
    """
    require_secure_transport: bool = True
    """The server parameter of that name."""


class Listening:
    """A front that listens. Closing it ends the connections that it carries, too."""

    def __init__(self, front: TlsFront) -> None:
        self._front = front
        self._server: asyncio.Server | None = None
        self._carried: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        """Where it listens on 127.0.0.1."""
        if self._server is None:
            raise RuntimeError("not listening")
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def open(self, port: int) -> None:
        """Starts to listen for clients on a port of this machine."""
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", port)

    async def close(self) -> None:
        """Stops listening, and ends what is open."""
        if self._server is not None:
            self._server.close()
        for task in self._carried:
            task.cancel()
        await asyncio.gather(*self._carried, return_exceptions=True)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._carry(reader, writer))
        self._carried.add(task)
        task.add_done_callback(self._carried.discard)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(OSError, asyncio.IncompleteReadError, TimeoutError, ssl.SSLError):
                await _converse(self._front, reader, writer)
        finally:
            await _close(writer)


async def serve(front: TlsFront, port: int = 0) -> Listening:
    """Listens on 127.0.0.1 (port 0: a free one) until it is closed."""
    listening = Listening(front)
    await listening.open(port)
    return listening


async def _converse(front: TlsFront, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    packet = await _first_packet(reader)
    while _code(packet) == GSS_REQUEST:
        writer.write(b"N")
        packet = await _first_packet(reader)
    if _code(packet) == SSL_REQUEST:
        writer.write(b"S")
        await writer.start_tls(front.context)
        await _pass_on(front, b"", reader, writer)
    elif _code(packet) == CANCEL_REQUEST or not front.require_secure_transport:
        await _pass_on(front, packet, reader, writer)
    else:
        writer.write(_refusal(front.client_address or writer.get_extra_info("peername")[0], packet))
        await writer.drain()


async def _first_packet(reader: asyncio.StreamReader) -> bytes:
    """A packet without a type byte: length (itself included), code, body."""
    async with asyncio.timeout(FIRST_PACKET_TIMEOUT_S):
        head = await reader.readexactly(4)
        length = int.from_bytes(head, "big")
        if not 8 <= length <= LONGEST_FIRST_PACKET:
            raise ConnectionAbortedError("not PostgreSQL's protocol")
        return head + await reader.readexactly(length - 4)


def _code(packet: bytes) -> int:
    return int.from_bytes(packet[4:8], "big")


def _refusal(client: str, packet: bytes) -> bytes:
    """PostgreSQL's ErrorResponse to a start-up packet that came in plain."""
    words = packet[8:].split(b"\0")
    given = dict(zip(words[::2], words[1::2], strict=False))
    user = given.get(b"user", b"").decode(errors="replace")
    database = given.get(b"database", b"").decode(errors="replace") or user
    message = f'no pg_hba.conf entry for host "{client}", user "{user}", database "{database}", no encryption'
    fields = {"S": "FATAL", "V": "FATAL", "C": "28000", "M": message}
    body = b"".join(f"{kind}{text}\0".encode() for kind, text in fields.items()) + b"\0"
    return b"E" + struct.pack("!i", len(body) + 4) + body


async def _pass_on(front: TlsFront, first: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    inner_reader, inner_writer = await asyncio.open_connection(*front.upstream)
    inner_writer.write(first)
    pumps = {
        asyncio.create_task(_pump(reader, inner_writer)),
        asyncio.create_task(_pump(inner_reader, writer)),
    }
    try:
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for pump in pumps:
            pump.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)
        await _close(inner_writer)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Until one side ends: then the other has nothing more to say either, in this protocol."""
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(OSError, ssl.SSLError):
        await writer.wait_closed()
