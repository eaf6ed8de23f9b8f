"""Whether Docker's own plugin may be used here: over a local socket alone, and beside no containers of a platform."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from sandbox.official import DOCKER_SOCKET

__all__ = ["why_no_docker"]

TIMEOUT_S = 10.0
PLATFORMS_LABEL = "smarteros.stack"


class _Connection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=TIMEOUT_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(TIMEOUT_S)
        self.sock.connect(str(self._path))


def why_no_docker(environ: Mapping[str, str], path: Path = DOCKER_SOCKET) -> str:
    """Why not; empty when it may."""
    if environ.get("DOCKER_HOST", f"unix://{path}") != f"unix://{path}":
        return "DOCKER_HOST leads elsewhere than to this machine's own socket"
    if not path.is_socket():
        return f"no Docker engine listens at {path}"
    try:
        running = _labelled(path)
    except (OSError, ValueError, http.client.HTTPException) as error:
        return f"the Docker engine at {path} does not answer: {error}"
    if running:
        return f"containers of a platform are here already ({', '.join(running[:3])}): theirs would be touched"
    return ""


def _labelled(path: Path) -> list[str]:
    filters = quote(json.dumps({"label": [PLATFORMS_LABEL]}))
    connection = _Connection(path)
    try:
        connection.request("GET", f"/containers/json?all=true&filters={filters}")
        answer = connection.getresponse()
        if answer.status != http.client.OK:
            raise ValueError(f"status {answer.status}")
        return [one["Names"][0].lstrip("/") for one in json.loads(answer.read())]
    finally:
        connection.close()
