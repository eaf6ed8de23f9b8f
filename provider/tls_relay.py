"""TLS for client programs of PostgreSQL that were built without it, as the wheel's are: a socket in a private folder,
whose connections go on to the server encrypted.

As everywhere by the forward (components.services.postgres): required, not verified. The forward ends at the server, so
TLS names another host than the one that is called; what is verified is the SSH host's key.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import ssl
import struct
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

from provider.time_limits import CONNECT_S

__all__ = ["relayed"]

_SSL_REQUEST = struct.pack("!ii", 8, 80877103)
"""PostgreSQL, protocol-flow.html, SSL Session Encryption."""
BLOCK = 1 << 16


@contextlib.contextmanager
def relayed(port: int) -> Iterator[str]:
    """The folder that libpq is told as its host, with that port, for the block."""
    with tempfile.TemporaryDirectory(prefix="pg-") as folder:
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listening.bind(str(Path(folder) / f".s.PGSQL.{port}"))
        listening.listen()
        threading.Thread(target=_accept, args=(listening, port), daemon=True).start()
        try:
            yield folder
        finally:
            with contextlib.suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)
            listening.close()


def _accept(listening: socket.socket, port: int) -> None:
    while True:
        try:
            client, _ = listening.accept()
        except OSError:
            return
        threading.Thread(target=_relay, args=(client, port), daemon=True).start()


def _relay(client: socket.socket, port: int) -> None:
    """Until either side ends; a server that refuses TLS is not spoken to."""
    with client, contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), CONNECT_S) as plain:
        plain.sendall(_SSL_REQUEST)
        if plain.recv(1) != b"S":
            return
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with context.wrap_socket(plain) as server:
            _carry(client, server)


def _carry(client: socket.socket, server: ssl.SSLSocket) -> None:
    """Both ways, in one thread: OpenSSL bears no reading and writing of one connection at the same time, and Python
    before 3.13 does not keep them apart. A side is read only when what it said before has gone on.
    """
    client.setblocking(False)
    server.setblocking(False)
    out, back, ended = bytearray(), bytearray(), False
    while not ended or out or back:
        readable = _ready(client, server, out, back)
        if client in readable and not out:
            ended |= _read(client, out)
        if (server in readable or server.pending()) and not back:
            ended |= _read(server, back)
        for into, held in ((server, out), (client, back)):
            if held:
                with contextlib.suppress(BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                    del held[: into.send(held)]


def _ready(client: socket.socket, server: ssl.SSLSocket, out: bytearray, back: bytearray) -> list[socket.socket]:
    """Waits until something can be read or written; those that can be read."""
    with selectors.DefaultSelector() as selector:
        for one, reads, writes in ((client, not out, bool(back)), (server, not back, bool(out))):
            events = selectors.EVENT_READ * reads | selectors.EVENT_WRITE * writes
            if events:
                selector.register(one, events)
        waits_s = 0 if server.pending() and not back else None
        return [client if key.fileobj is client else server for key, events in selector.select(waits_s)]


def _read(source: socket.socket, into: bytearray) -> bool:
    """Takes what is there; whether it has ended."""
    try:
        block = source.recv(BLOCK)
    except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
        return False
    into += block
    return not block
