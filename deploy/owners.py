"""Asks every running service with a name whether a stranger could still make himself its owner, as a stranger would.

Over HTTPS, by its public name, with one request each and no login of ours. What each is asked, and what its answers
mean, the services' settings say (settings/services/owner.py). Changes nothing, knows no secret.
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from settings import Settings, WebAddress
from settings.services.owner import Answer, NoOwner, Question

__all__ = ["Seen", "Visit", "asked", "by_name", "through"]

TIMEOUT_S = 15.0
MOST_BYTES = 4 * 1024 * 1024
Visit = Callable[[WebAddress, Question], Answer]
"""One request of a stranger. Raises OSError when nobody answers."""


@dataclass(frozen=True)
class Seen:
    """What one service answered to a stranger's question whether it has an owner."""

    service: str
    url: str
    path: str
    state: Literal["owned", "nobody's", "CLAIMABLE", "unknown", "silent"]
    detail: str

    @property
    def good(self) -> bool:
        """Whether nobody can take it. An answer that says neither is none."""
        return self.state in ("owned", "nobody's")


def asked(settings: Settings, visit: Visit) -> Iterator[Seen]:
    """Asks each service in turn whether it has its owner."""
    for key, service in settings.services.running():
        hostname = getattr(service, "hostname", None)
        if not hostname or hostname == "*":
            continue
        address, owner = settings.address(key), service.owner
        if owner is None:
            yield Seen(key, address.url, "", "unknown", "its settings say nothing of an owner")
        elif isinstance(owner, NoOwner):
            yield Seen(key, address.url, "", "nobody's", owner.because)
        else:
            yield from (_one(key, address, one, visit) for one in (owner.question, *owner.closed))


def _one(key: str, address: WebAddress, question: Question, visit: Visit) -> Seen:
    try:
        answer = visit(address, question)
    except (OSError, http.client.HTTPException) as error:
        return Seen(key, address.url, question.path, "silent", f"nobody answers: {error}")
    means, status = question.means(answer), f"status {answer.status}"
    if means == "owned":
        return Seen(key, address.url, question.path, "owned", f"a stranger is refused ({status})")
    if means == "claimable":
        return Seen(key, address.url, question.path, "CLAIMABLE", f"a stranger is let in ({status})")
    return Seen(key, address.url, question.path, "unknown", f"its answer says neither ({status})")


def by_name(address: WebAddress, question: Question) -> Answer:
    """As everybody reaches it, by the name in the DNS."""
    if address.tls:
        return _exchanged(
            http.client.HTTPSConnection(address.host, address.port or 443, timeout=TIMEOUT_S), address, question
        )
    return _exchanged(
        http.client.HTTPConnection(address.host, address.port or 80, timeout=TIMEOUT_S), address, question
    )


def through(port: int, trust: Path) -> Visit:
    """By the name in the DNS of the simulated clouds, whose edge is at a port of this machine."""
    context = ssl.create_default_context(cafile=str(trust))
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT

    def visit(address: WebAddress, question: Question) -> Answer:
        if not address.tls:
            raise OSError("the simulated clouds have names of a zone alone, and this one is in none")
        return _exchanged(_Edge(address.host, port, context), address, question)

    return visit


class _Edge(http.client.HTTPSConnection):
    """Speaks to an edge at 127.0.0.1 as if the name had led there."""

    def __init__(self, host: str, edge: int, context: ssl.SSLContext) -> None:
        super().__init__(host, 443, timeout=TIMEOUT_S, context=context)
        self._edge, self._trusted = edge, context

    def connect(self) -> None:
        raw = socket.create_connection(("127.0.0.1", self._edge), TIMEOUT_S)
        self.sock = self._trusted.wrap_socket(raw, server_hostname=self.host)


def _exchanged(connection: http.client.HTTPConnection, address: WebAddress, question: Question) -> Answer:
    headers: dict[str, Any] = {"Accept": "application/json, text/html", "User-Agent": "smos-status"}
    body = None
    if question.body is not None:
        body, headers["Content-Type"] = json.dumps(dict(question.body)), "application/json"
    try:
        connection.request("POST" if body else "GET", question.path, body, headers)
        answer = connection.getresponse()
        text = answer.read(MOST_BYTES)
        location = urlsplit(answer.headers.get("Location", ""))
        own = location.hostname in (None, address.host)
        return Answer(answer.status, (location.path or "/") if own and any(location) else "", text)
    finally:
        connection.close()
