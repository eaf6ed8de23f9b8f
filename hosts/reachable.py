"""Are the SSH forwards to the database servers open? One cheap look at their local ports; opens nothing."""

from __future__ import annotations

import socket
from collections.abc import Sequence

from settings import Forward

__all__ = ["closed_forwards", "mend"]

TIMEOUT_S = 0.5


def closed_forwards(forwards: Sequence[Forward]) -> list[Forward]:
    """Those whose local port answers nobody."""
    return [forward for forward in forwards if not _is_open(forward.local_port)]


def _is_open(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S).close()
    except OSError:
        return False
    return True


def mend(stack: str, closed: Sequence[Forward]) -> str:
    """What is closed, why it matters, and the command that opens it."""
    ports = ", ".join(f"{forward.name} (127.0.0.1:{forward.local_port})" for forward in closed)
    return (
        f"the tunnel to the database servers is closed: {ports}. "
        "Databases and roles are made through it, so nothing was declared. "
        f"Fix: ./smos tunnel {stack} in another terminal, or let ./smos up {stack} open it"
    )
