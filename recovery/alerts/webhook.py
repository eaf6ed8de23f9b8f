"""A notice as a request: JSON by POST, signed with HMAC-SHA256 over the moment and the body, so that who is called
can tell that it comes from here, is whole, and is not sent again by somebody else.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from recovery.alerts.mail import NotSent
from recovery.alerts.notice import Notice

__all__ = ["SIGNATURE", "TIMESTAMP", "Webhook", "is_signed", "signature"]

TIMEOUT_S = 15.0
ATTEMPTS = 3
PAUSE_S = 2.0
TIMESTAMP, SIGNATURE = "X-SmarterOS-Timestamp", "X-SmarterOS-Signature"
MOST_AGE_S = 300


def signature(key: str, timestamp: str, body: bytes) -> str:
    """What stands in the header."""
    found = hmac.new(key.encode(), timestamp.encode() + b"." + body, hashlib.sha256)
    return f"sha256={found.hexdigest()}"


def is_signed(key: str, timestamp: str, body: bytes, given: str, now: float) -> bool:
    """Whether a request is ours, and of now: what a receiver does with it."""
    fresh = timestamp.isascii() and timestamp.isdigit() and abs(now - int(timestamp)) <= MOST_AGE_S
    return fresh and hmac.compare_digest(signature(key, timestamp, body), given)


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """Whom to call."""

    url: str
    key: str = field(repr=False)
    trust: ssl.SSLContext | None = None
    pause: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.time

    @property
    def name(self) -> str:
        """In messages: without the path, which may be a secret of its own."""
        return f"webhook at {urlsplit(self.url).hostname}"

    def send(self, notice: Notice) -> None:
        """Tries a few times. Raises NotSent; a redirect is not followed, for it may lead elsewhere."""
        self.post(notice.body)

    def post(self, body: bytes) -> None:
        """The same with any body."""
        why = ""
        for attempt in range(ATTEMPTS):
            if attempt:
                self.pause(PAUSE_S * 2 ** (attempt - 1))
            try:
                status = self._posted(body)
            except (OSError, http.client.HTTPException) as error:
                why = str(error)[:200] or type(error).__name__
                continue
            if 200 <= status < 300:
                return
            why = f"status {status}"
            if status < 500 and status != 429:
                break
        raise NotSent(f"{self.name}: {why}. Fix: smarteros:backups/alerts; or what answers there")

    def _posted(self, body: bytes) -> int:
        parts = urlsplit(self.url)
        timestamp = str(int(self.clock()))
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "smarteros-alerts",
            TIMESTAMP: timestamp,
            SIGNATURE: signature(self.key, timestamp, body),
        }
        connection = _connection(parts.scheme, str(parts.hostname), parts.port, self.trust)
        try:
            connection.request("POST", f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}", body, headers)
            answer = connection.getresponse()
            answer.read(64 * 1024)
            return answer.status
        finally:
            connection.close()


def _connection(scheme: str, host: str, port: int | None, trust: ssl.SSLContext | None) -> http.client.HTTPConnection:
    if scheme == "https":
        return http.client.HTTPSConnection(host, port, timeout=TIMEOUT_S, context=trust or ssl.create_default_context())
    if host not in ("127.0.0.1", "localhost", "::1"):
        raise OSError("without TLS nothing is sent off this machine")
    return http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)
