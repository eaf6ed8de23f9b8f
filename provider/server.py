"""The provider's process: one for a run of the engine as its plugin, or a warm one that serves a whole fleet."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from concurrent import futures

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from provider.migrations import MIGRATIONS
from provider.redis_user import ACL_USER
from provider.servicer import Provider
from provider.sessions import SESSIONS

__all__ = ["RESOURCE_TYPES", "main", "served"]

RESOURCE_TYPES = (ACL_USER, MIGRATIONS, SESSIONS)
FINISH_S = 60.0
"""How long what was begun may take to its end when the provider is told to end. Nothing new is begun then."""
_OPTIONS = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1), ("grpc.so_reuseport", 0)]


@contextlib.contextmanager
def served(threads: int = 16) -> Iterator[int]:
    """Serves the provider for the block, on a port of this machine."""
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=threads), options=_OPTIONS)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Provider(RESOURCE_TYPES), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield port
    finally:
        server.stop(grace=FINISH_S).wait()


def main() -> None:
    """Prints the port and serves until a signal, or until whoever started it is gone."""
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    parent = os.getppid()
    with served() as port:
        print(port, flush=True)
        while not ended.wait(1.0) and os.getppid() == parent:
            pass
