"""The API of this machine's own simulated Docker engine, on a socket: whether it answers, and which id a thing has.

Everything else that the provider does goes through the simulated provider itself; this is asked by whoever looks
whether the engine runs, or what a killed run created. Words and paths are the Engine API's
(https://docs.docker.com/reference/api/engine/).
"""

from __future__ import annotations

import contextlib
import json
import socket
import socketserver
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from sandbox.core.records import Cloud
from sandbox.docker.daemon import docker_id

__all__ = ["DockerSocket", "answer"]

_KINDS = {"containers": "container", "networks": "network", "images": "image"}


def answer(cloud: Cloud, host: str, path: str) -> tuple[int, Any]:
    """Status and body for a GET."""
    if path == "/_ping":
        return 200, "OK"
    kind, _, rest = path.strip("/").partition("/")
    if kind not in _KINDS:
        return 404, {"message": "page not found"}
    name = unquote(rest if kind == "networks" else rest.removesuffix("/json"))
    found = docker_id(cloud, host, _KINDS[kind], name)
    if found is None:
        missing = {"networks": f"network {name} not found"}.get(kind, f"No such {_KINDS[kind]}: {name}")
        return 404, {"message": missing}
    return 200, {"Id": found}


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that breaks off is not a fault of the sandbox."""


class DockerSocket:
    """Answers on the socket for as long as it is open."""

    def __init__(self, file: Path, cloud: Cloud) -> None:
        self._file = file
        file.unlink(missing_ok=True)
        self._server = _Server(str(file), _handler(cloud, f"unix://{file}"))
        file.chmod(0o600)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.2}, daemon=True).start()

    def close(self) -> None:
        """Ends the listener of Docker's API."""
        self._server.shutdown()
        self._server.server_close()
        with contextlib.suppress(OSError):
            self._file.unlink()


def _handler(cloud: Cloud, host: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def address_string(self) -> str:
            return "a client of the socket"

        def do_GET(self) -> None:
            status, content = answer(cloud, host, self.path)
            body = (content if isinstance(content, str) else json.dumps(content)).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Connection", "close")
            self.end_headers()
            with contextlib.suppress(socket.error):
                self.wfile.write(body)
            self.close_connection = True

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: the server's log is for faults."""

    return Handler
