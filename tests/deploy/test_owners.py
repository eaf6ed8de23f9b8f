"""Who asks a running service whether a stranger could claim it, by real TLS and HTTP on this machine."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from deploy import owners
from sandbox.core.authority import _make as make_authority
from sandbox.core.authority import server_certificate
from settings import WebAddress, load_files
from settings.services.owner import Answer, NoOwner, Owner, Question
from settings.systems.smarteros import SmarterOSServices
from tests.components.declared import ROOT

HTTPS = WebAddress(host="n8n.example.com", tls=True, proxies=2)
QUESTION = Question(path="/asked", means=lambda _: "unknown", source="here")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[int, Path, list[Any]]]:
    """A server with a certificate for one name: its port, what to trust, and what it was asked."""
    heard: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append((self.command, self.headers["Host"], self.path, None))
            self.send_response(302)
            self.send_header(
                "Location", "https://n8n.example.com/" if self.path == "/asked" else "https://evil.example/"
            )
            self.end_headers()

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            heard.append((self.command, self.headers["Host"], self.path, body))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"a": 1}')

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    authority = make_authority("public-web")
    certificate, key = server_certificate(authority, ["n8n.example.com"])
    (tmp_path / "trust.pem").write_text(authority.pem)
    (tmp_path / "server.pem").write_text(certificate + key)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "server.pem")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield server.server_address[1], tmp_path / "trust.pem", heard
    server.shutdown()
    server.server_close()


def test_a_visit_is_one_request_by_the_public_name(served: tuple[int, Path, list[Any]]) -> None:
    """Verified TLS, no login; a redirect is told, never followed, and one to another place is told as none."""
    port, trust, heard = served
    visit = owners.through(port, trust)
    assert visit(HTTPS, QUESTION) == Answer(302, "/", b"")
    assert visit(HTTPS, Question(path="/other", means=lambda _: "unknown", source="here")).location == ""
    asked = Question(path="/login", body={"login": "admin"}, means=lambda _: "unknown", source="here")
    assert visit(HTTPS, asked).json() == {"a": 1}
    assert heard == [
        ("GET", "n8n.example.com", "/asked", None),
        ("GET", "n8n.example.com", "/other", None),
        ("POST", "n8n.example.com", "/login", {"login": "admin"}),
    ]


def test_another_name_and_another_authority_are_no_answer(served: tuple[int, Path, list[Any]], tmp_path: Path) -> None:
    """Else whoever stands in between could say that all is well."""
    port, trust, heard = served
    (tmp_path / "other.pem").write_text(make_authority("another").pem)
    for address, file in (
        (WebAddress(host="odoo.example.com", tls=True, proxies=2), trust),
        (HTTPS, tmp_path / "other.pem"),
    ):
        with pytest.raises(ssl.SSLError):
            owners.through(port, file)(address, QUESTION)
    assert heard == []


def test_every_service_with_a_name_is_asked_and_only_a_refusal_is_good() -> None:
    """What is silent, or says neither, is not taken for owned."""
    settings = load_files("prod", ROOT)
    silent = list(owners.asked(settings, _raises))
    named = {
        key
        for key, one in settings.services.running()
        if getattr(one, "hostname", None) and getattr(one, "hostname", None) != "*"
    }
    assert {one.service for one in silent} == named
    nobodys = {key for key, one in settings.services.running() if isinstance(one.owner, NoOwner)}
    assert {one.service for one in silent if one.good} == nobodys & named
    assert {one.state for one in silent if not one.good} == {"silent"}
    assert {one.state for one in owners.asked(settings, lambda *_: Answer(502)) if not one.good} == {"unknown"}


def _raises(_address: WebAddress, _question: Question) -> Answer:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
    socket.create_connection(("127.0.0.1", port), 1)
    raise AssertionError("somebody answered")


def test_who_could_be_claimed_is_told() -> None:
    """One of them is enough."""
    settings = load_files("prod", ROOT)

    def visit(address: WebAddress, question: Question) -> Answer:
        shown = json.dumps({"data": {"userManagement": {"showSetupOnFirstLoad": True}}}).encode()
        return Answer(200, body=shown) if question.path == "/rest/settings" else Answer(404)

    found = {(one.service, one.path): one for one in owners.asked(settings, visit)}
    assert found["n8n", "/rest/settings"].state == "CLAIMABLE"
    assert found["n8n", "/metrics"].state == "owned"
    n8n = settings.of(SmarterOSServices).services.n8n
    assert isinstance(n8n and n8n.owner, Owner)
