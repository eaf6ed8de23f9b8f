"""The sandbox's control port: a few commands as JSON over HTTP on 127.0.0.1, each with the token of the
server's note.
"""

from __future__ import annotations

import hmac
import json
import secrets
import threading
from collections import Counter
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Protocol, Self

from sandbox.core.authority import certificates
from sandbox.core.backend import Answer, Command
from sandbox.core.faults import Fault, Faults
from sandbox.core.inventory import Inventory
from sandbox.core.world import World

__all__ = ["ControlServer"]


class Serving(Protocol):
    """What is told of the server, and how it is ended."""

    ports: dict[str, int]
    ending: threading.Event


class ControlServer:
    """Answers what clients ask of the sandbox that runs (`./smos sandbox`)."""

    def __init__(self, server: Serving, cloud: Inventory, faults: Faults, world: World) -> None:
        self.token = secrets.token_urlsafe(24)
        self._server = server
        self._cloud = cloud
        self._faults = faults
        self._world = world
        commands: dict[str, Command] = {
            "status": self._status,
            "inventory": self._inventory,
            "forget": self._forget,
            "fault": self._fault,
            "authorities": lambda _: certificates(self._cloud),
            "sync": self._sync,
            "stop": self._stop,
            **world.commands(),
        }
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self.token, commands, world.apis()))
        self.port: int = self._http.server_address[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.shutdown()
        self._http.server_close()

    def _status(self, _args: Mapping[str, Any]) -> Any:
        counted = Counter(record.token for record in self._cloud.all() if not record.token.startswith("sandbox:"))
        return {"ports": self._server.ports, "records": dict(counted), **self._world.status()}

    def _inventory(self, args: Mapping[str, Any]) -> Any:
        """What exists, without what is secret."""
        prefix = str(args.get("token", ""))
        return [
            {"id": record.id, "token": record.token, "urn": record.urn}
            for record in self._cloud.all()
            if record.token.startswith(prefix)
        ]

    def _forget(self, args: Mapping[str, Any]) -> Any:
        """Loses a record as if somebody had deleted it in the vendor's console."""
        record = self._cloud.get(str(args["id"]))
        if record is None:
            raise LookupError(f"nothing has the id {args['id']}")
        self._world.happened("deleted", record, record)
        self._cloud.remove(record)
        return {"forgot": record.id}

    def _fault(self, args: Mapping[str, Any]) -> Any:
        if args.get("clear"):
            self._faults.clear()
        else:
            self._faults.plan(Fault(**args))
        return {}

    def _sync(self, _args: Mapping[str, Any]) -> Any:
        self._world.sync()
        return {}

    def _stop(self, _args: Mapping[str, Any]) -> Any:
        self._server.ending.set()
        return {}


def _handler(token: str, commands: Mapping[str, Command], apis: Mapping[str, Answer]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = next((one for prefix, one in apis.items() if self.path.startswith(prefix)), None)
            if answer is None:
                return self._answer(404, {"error": f"no vendor's API is at {self.path}"})
            address = f"http://{self.headers.get('Host', '')}"
            self._answer(*answer(self.path, self.headers.get("Authorization", ""), address))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            if not hmac.compare_digest(self.headers.get("Authorization", ""), f"Bearer {token}"):
                return self._answer(403, {"error": "wrong token"})
            command = commands.get(self.path.strip("/"))
            if command is None:
                return self._answer(404, {"error": f"no such command: {self.path}"})
            try:
                self._answer(200, command(json.loads(body or b"{}")))
            except Exception as error:  # told to the client, which raises it
                self._answer(400, {"error": f"{type(error).__name__}: {error}"})

        def _answer(self, status: int, content: Any) -> None:
            data = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: the server's log is for faults."""

    return Handler
