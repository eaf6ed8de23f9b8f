"""A simulated Vault over HTTP: its paths, its status codes, its words. Listens on 127.0.0.1, forgets its key when it
ends, and keeps what it holds encrypted in its folder.
"""

from __future__ import annotations

import json
import posixpath
import threading
import uuid
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

from sandbox.vault.server.approle import AppRole
from sandbox.vault.server.barrier import VaultError
from sandbox.vault.server.core import Core, Engine
from sandbox.vault.server.key_value import KeyValue
from sandbox.vault.server.snapshot import FORCED, SNAPSHOT
from sandbox.vault.server.system import ARCHIVE, System
from sandbox.vault.server.tokens import Tokens
from sandbox.vault.server.transit import Transit

__all__ = ["VaultServer"]

BARE = ("sys/init", "sys/leader", "sys/seal-status", "sys/unseal")
HEALTH = {"uninitcode": 501, "sealedcode": 503, "standbycode": 429, "activecode": 200}
_OPERATIONS = {"GET": "read", "HEAD": "read", "LIST": "list", "POST": "update", "PUT": "update", "DELETE": "delete"}


class VaultServer:
    """One Vault, sealed at first. `close` is what a stop of its container does."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        engines: dict[str, Engine] = {"kv": KeyValue(), "transit": Transit(), "approle": AppRole()}
        self._core = Core(folder, engines, System(), Tokens())
        self._lock = threading.Lock()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._http.serve_forever, name="vault", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """The port of 127.0.0.1 on which it listens."""
        return int(self._http.server_address[1])

    @property
    def sealed(self) -> bool:
        """Whether it answers nothing yet."""
        return self._core.barrier.sealed

    def close(self) -> None:
        """Stops listening and ends its threads."""
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(5)

    def answer(self, method: str, target: str, body: bytes, token: str) -> tuple[int, dict[str, Any] | bytes | None]:
        """(HTTP status, content) of one request; the content of a snapshot is the archive itself."""
        parts = urlsplit(target)
        path, query = unquote(parts.path), {key: one[-1] for key, one in parse_qs(parts.query).items()}
        operation = _OPERATIONS.get(method)
        if operation is None or not path.startswith("/v1/"):
            return 405 if operation is None else 404, {"errors": []}
        path = path.removeprefix("/v1/")
        if operation == "read" and query.pop("list", "") in ("true", "1"):
            operation = "list"
        if "//" in path:  # Go's router lets no such path through
            return 307, None
        path = path.rstrip("/") + "/" if operation == "list" else path
        try:
            if operation == "update" and path.endswith("/"):
                raise VaultError(400, "cannot write to a path ending in '/'")
            with self._lock:
                answer = self._core.request(operation, path, _given(operation, path, body, query), token)
            if path == "sys/health" and answer is not None:
                return _health(answer, query), answer
        except VaultError as error:
            if error.data is not None or error.warnings:
                content = {"data": error.data, "warnings": list(error.warnings) or None}
                return error.status, {**_wrapped(content), "mount_type": ""}
            return error.status, {"errors": list(error.errors)}
        if answer is None:
            return 204, None
        if ARCHIVE in answer:
            return 200, bytes(answer[ARCHIVE])
        return 200, answer if path in BARE else {**_wrapped(answer), **self._kind(path)}

    def _kind(self, path: str) -> dict[str, str]:
        found = None if self._core.barrier.sealed else self._core.mounted_at(path)
        untold = path.startswith("sys/internal/ui/") or path.endswith("/login")
        return {"mount_type": "" if untold else str(found[1]["type"])} if found is not None else {}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                token = self.headers.get("X-Vault-Token") or ""
                bearer = self.headers.get("Authorization") or ""
                token = token or bearer.removeprefix("Bearer ").strip()
                place, _, query = self.path.partition("?")
                decoded = unquote(place)
                clean = posixpath.normpath(decoded) + ("/" if decoded.endswith("/") else "")
                if clean != decoded:  # another spelling of a path, also of an encoded one: as Go's own router answers
                    self.send_response(307)
                    self.send_header("Location", quote(clean) + (f"?{query}" if query else ""))
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                status, content = server.answer(self.command, self.path, body, token)
                archive = isinstance(content, bytes)
                data = content if isinstance(content, bytes) else _line(content)
                self.send_response(status)
                if archive:
                    self.send_header("Content-Disposition", "attachment")
                self.send_header("Content-Type", "application/gzip" if archive else "application/json")
                self.send_header("Cache-Control", "no-store")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(data)

            do_GET = do_POST = do_PUT = do_DELETE = do_LIST = do_HEAD = handle_one

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing: the audit device is what is kept."""

        return Handler


def _line(content: dict[str, Any] | None) -> bytes:
    return b"" if content is None else json.dumps(content).encode() + b"\n"


def _given(operation: str, path: str, body: bytes, query: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a request says: a snapshot's body is its archive, and every other body JSON."""
    if operation != "update":
        return query
    return {ARCHIVE: body} if path in (SNAPSHOT, FORCED) else _json(body)


def _json(body: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(body) if body.strip() else {}
    except ValueError as error:
        raise VaultError(400, f"error parsing JSON: failed to parse JSON input: {error}") from None
    if not isinstance(found, dict):
        raise VaultError(400, "error parsing JSON: failed to parse JSON input: not an object")
    return found


def _health(answer: Mapping[str, Any], query: Mapping[str, str]) -> int:
    state = "uninitcode" if not answer["initialized"] else "sealedcode" if answer["sealed"] else "activecode"
    if any(not query[name].isdigit() for name in HEALTH if name in query):
        raise VaultError(400)
    return int(query.get(state, HEALTH[state]))


def _wrapped(answer: dict[str, Any]) -> dict[str, Any]:
    empty = {"lease_id": "", "renewable": False, "lease_duration": 0, "data": None, "wrap_info": None, "auth": None}
    return {"request_id": str(uuid.uuid4()), **empty, "warnings": None, **answer}
