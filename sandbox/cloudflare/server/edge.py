"""The way of a visitor's request: Cloudflare's edge, then the origin, each with the certificate that it really has.

Real TLS over loopback. The edge answers for the names that have a record in a simulated zone; for a proxied one it
connects to the origin as Cloudflare does in mode "strict": the origin's certificate must name the host and be from the
Origin CA, or from a public authority, as a host's reverse proxy has it. The origin is the simulated app or host that
the record leads to; it says which app would answer, for a health path whether the app's database lets it in, and
whether anybody could still claim it (sandbox/apps/server/stand_ins.py). Apps themselves are not run here.
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import tempfile
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from kept import keep
from sandbox.cloudflare.server.origin import Origins
from sandbox.core.authority import PUBLIC_WEB, authority, server_certificate
from sandbox.core.inventory import Inventory
from sandbox.core.origin import Body, Origin, Reply

__all__ = ["Edge", "write_trust"]

ORIGIN_AUTHORITY = "cloudflare-origin"
MOST_BYTES = 65536


class Edge:
    """Listens on two ports of 127.0.0.1: `port` for visitors, and one for the origins behind the edge."""

    def __init__(self, cloud: Inventory, origins: Origins) -> None:
        self._cloud = cloud
        self._origins = origins
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._lock = threading.Lock()
        self._front = _Listener(self._visitor_context, self._pass_on)
        self._back = _Listener(self._origin_context, self._serve)
        self.port = self._front.port

    def close(self) -> None:
        """Ends both listeners: the one for visitors, and the one that stands for the origins."""
        self._front.close()
        self._back.close()

    @property
    def authority_pem(self) -> str:
        """The certificate of the authority that a visitor of the edge has to trust, as PEM."""
        return authority(self._cloud, PUBLIC_WEB).pem

    def _visitor_context(self, name: str) -> ssl.SSLContext | None:
        """The edge's certificate for a name; a name without a record has none."""
        origin = self._origins.of(name)
        if origin is None:
            return None
        if not origin.proxied:
            return self._origin_context(name)
        with self._lock:
            if name not in self._contexts:
                pems = server_certificate(authority(self._cloud, PUBLIC_WEB), [name])
                self._contexts[name] = _context(*pems)
            return self._contexts[name]

    def _origin_context(self, name: str) -> ssl.SSLContext | None:
        origin = self._origins.of(name)
        if origin is None or origin.certificate is None:
            return None
        return _context(*origin.certificate)

    def _pass_on(self, name: str, path: str, body: Body) -> Reply:
        """What the edge answers a visitor."""
        origin = self._origins.of(name)
        if origin is None:
            return Reply(530, {"error": f"1016: {name} has no record"})
        if not origin.proxied:
            return self._serve(name, path, body)
        if origin.problem is not None:
            return Reply(530, {"error": origin.problem})
        trusted = [authority(self._cloud, which).pem for which in (ORIGIN_AUTHORITY, PUBLIC_WEB)]
        trust = ssl.create_default_context(cadata="\n".join(trusted))
        trust.verify_flags &= ~ssl.VERIFY_X509_STRICT
        try:
            with (
                socket.create_connection(("127.0.0.1", self._back.port), 5) as raw,
                trust.wrap_socket(raw, server_hostname=name) as secure,
            ):
                return _ask(secure, name, path, body)
        except ssl.SSLError as error:
            return Reply(526, {"error": f"526: invalid certificate at the origin of {name}: {error.reason}"})

    def _serve(self, name: str, path: str, body: Body) -> Reply:
        origin = self._origins.of(name)
        return _of(origin, path, body) if origin else Reply(404, {"error": "no app has this name"})


def _of(origin: Origin, path: str, body: Body) -> Reply:
    if origin.problem is not None:
        return Reply(404, {"error": origin.problem})
    problem = origin.health() if path == origin.health_path else None
    if problem is not None:
        return Reply(503, {"status": "error", "error": problem})
    said = origin.reply(path, body)
    if said is not None:
        return said
    if body is not None:
        return Reply(405, {"error": f"no program that would take this at {path} is run here"})
    return Reply(200, {"status": "ok", "app": origin.app, "image": origin.image, "simulated": True})


def _context(certificate: str, key: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:  # 0600, gone when loaded
        file.write(certificate.rstrip() + "\n" + key)
        file.flush()
        context.load_cert_chain(file.name)
    return context


def _ask(connection: ssl.SSLSocket, name: str, path: str, body: Body) -> Reply:
    text = b"" if body is None else json.dumps(body).encode()
    head = f"{'GET' if body is None else 'POST'} {path} HTTP/1.1\r\nHost: {name}\r\nContent-Length: {len(text)}\r\n"
    connection.sendall(head.encode() + b"Connection: close\r\n\r\n" + text)
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    return Reply(answer.status, json.loads(answer.read()), answer.headers.get("Location", ""))


class _Listener:
    """HTTPS on a free port of 127.0.0.1, with a certificate chosen by the name that the client asks for."""

    def __init__(
        self, choose: Callable[[str], ssl.SSLContext | None], answer: Callable[[str, str, Body], Reply]
    ) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._context.sni_callback = _by_name(choose)
        context = self._context

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def get_request(self) -> tuple[Any, Any]:
                raw, address = super().get_request()
                raw.settimeout(10)
                return context.wrap_socket(raw, server_side=True, do_handshake_on_connect=False), address

            def handle_error(self, request: Any, client_address: Any) -> None:
                """A client that breaks off, or that no certificate suits, is not a fault of the sandbox."""

        self._server = Server(("127.0.0.1", 0), _handler(answer))
        self.port: int = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.2}, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def _by_name(
    choose: Callable[[str], ssl.SSLContext | None],
) -> Callable[[Any, str | None, ssl.SSLContext], int | None]:
    def chosen(connection: Any, name: str | None, _context: ssl.SSLContext) -> int | None:
        context = choose(name) if name else None
        if context is None:
            return int(ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME)
        connection.context = context
        return None

    return chosen


def _handler(answer: Callable[[str, str, Body], Reply]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(None)

        def do_POST(self) -> None:
            length = self.headers.get("Content-Length", "")
            if not length.isdecimal() or int(length) > MOST_BYTES:
                return self._send(Reply(413, {"error": f"a body of JSON, of {MOST_BYTES} bytes at most"}))
            try:
                body = json.loads(self.rfile.read(int(length)))
            except ValueError:
                body = None
            if not isinstance(body, dict):
                return self._send(Reply(400, {"error": "no object of JSON"}))
            return self._answer(body)

        def _answer(self, body: Body) -> None:
            self._send(answer(self.headers.get("Host", "").split(":")[0].lower(), self.path, body))

        def _send(self, said: Reply) -> None:
            body = json.dumps(dict(said.content)).encode()
            self.send_response(said.status)
            if said.location:
                self.send_header("Location", said.location)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(body)
            self.close_connection = True

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: the server's log is for faults."""

    return Handler


def write_trust(edge: Edge, file: Path) -> None:
    """The public authority's certificate as a file, for `curl --cacert`."""
    keep(file, edge.authority_pem)
