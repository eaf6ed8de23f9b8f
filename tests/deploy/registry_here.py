"""A registry on this machine that speaks the distribution API: tokens by challenge, indexes, digests; and bad days."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

__all__ = ["Fake", "index", "running"]

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
TOKEN = "a-token-for-one-repository"


@dataclass
class Fake:
    """What it has, and how it behaves."""

    port: int = 0
    tags: dict[tuple[str, str], bytes] = field(default_factory=dict)
    """(repository, tag) → manifest."""
    media_type: str = INDEX
    asks_for_token: bool = True
    header: str | None = None
    """What it says of the digest in place of the truth."""
    status: int = 0
    """What it answers to everything."""
    headers: dict[str, str] = field(default_factory=dict)
    realm: str = ""
    redirect: str = ""
    says_digest: bool = True
    head_says_digest: bool = True
    heard: list[tuple[str, str, bool]] = field(default_factory=list)
    """Method, path, and whether a token came with it."""

    @property
    def host(self) -> str:
        """As it stands in a reference."""
        return f"127.0.0.1:{self.port}"

    def content(self, repository: str, reference: str) -> bytes | None:
        """By tag or by digest."""
        by_digest = {"sha256:" + hashlib.sha256(one).hexdigest(): one for one in self.tags.values()}
        return self.tags.get((repository, reference)) or by_digest.get(reference)


def index(*platforms: tuple[str, str], salt: str = "") -> bytes:
    """A manifest list of these platforms."""
    manifests = [{"digest": "sha256:" + "0" * 64, "platform": {"os": os, "architecture": a}} for os, a in platforms]
    return json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests, "salt": salt}).encode()


@contextmanager
def running() -> Iterator[Fake]:
    """One that listens on a free port."""
    fake = Fake()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(with_body=True)

        def do_HEAD(self) -> None:
            self._answer(with_body=False)

        def _answer(self, *, with_body: bool) -> None:
            at = urlsplit(self.path)
            authorised = self.headers.get("Authorization") == f"Bearer {TOKEN}"
            fake.heard.append((self.command, at.path, authorised))
            if fake.status and at.path != "/token":
                return self._send(fake.status, b"{}", fake.headers, with_body)
            if at.path == "/token":
                asked = parse_qs(at.query)
                right = asked.get("scope") == ["repository:team/app:pull"] and asked.get("service") == ["here"]
                return self._send(200 if right else 400, json.dumps({"token": TOKEN}).encode(), {}, with_body)
            if fake.asks_for_token and not authorised:
                realm = fake.realm or f"http://{fake.host}/token"
                challenge = f'Bearer realm="{realm}",service="here",scope="repository:team/app:pull"'
                return self._send(401, b"{}", {"WWW-Authenticate": challenge}, with_body)
            if fake.redirect:
                return self._send(307, b"", {"Location": fake.redirect}, with_body)
            repository, _, reference = at.path.removeprefix("/v2/").partition("/manifests/")
            body = fake.content(repository, reference)
            if body is None:
                return self._send(404, b'{"errors": [{"code": "MANIFEST_UNKNOWN"}]}', {}, with_body)
            digest = fake.header or "sha256:" + hashlib.sha256(body).hexdigest()
            says = fake.says_digest and (with_body or fake.head_says_digest)
            given = {"Docker-Content-Digest": digest} if says else {}
            return self._send(200, body, {"Content-Type": fake.media_type, **given}, with_body)

        def _send(self, status: int, body: bytes, headers: dict[str, str], with_body: bool) -> None:
            self.send_response(status)
            for key, value in headers.items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if with_body:
                self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    fake.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
