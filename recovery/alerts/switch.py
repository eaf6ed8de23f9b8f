"""A dead man's switch: who is called after each good run, and raises the alarm when the calls cease.

It must run where what it watches does not: on another host, or at a service for that (any that takes a POST will do).
It knows when it was called last, and nothing else; it believes signed calls alone.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from recovery.alerts.webhook import SIGNATURE, TIMESTAMP, is_signed

__all__ = ["MOST_BYTES", "Switch", "serve"]

MOST_BYTES = 64 * 1024


@dataclass
class Switch:
    """When it was called last, and whether its silence was told."""

    key: str = field(repr=False)
    silent_after_s: float
    clock: Callable[[], float] = time.time
    last: float = 0.0
    told: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __post_init__(self) -> None:
        self.last = self.last or self.clock()  # from its own start on: silence from the beginning is silence

    def called(self, timestamp: str, body: bytes, given: str) -> bool:
        """Whether a call counts."""
        if not is_signed(self.key, timestamp, body, given, self.clock()):
            return False
        with self._lock:
            self.last, self.told = self.clock(), False
        return True

    def overdue(self) -> float | None:
        """For how many seconds there was silence, once each time it is too long; else nothing."""
        with self._lock:
            silent = self.clock() - self.last
            if silent <= self.silent_after_s or self.told:
                return None
            self.told = True
            return silent


def serve(switch: Switch, address: tuple[str, int]) -> ThreadingHTTPServer:
    """Takes calls until it is shut down; in a thread of its own."""

    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_POST(self) -> None:
            length = self.headers.get("Content-Length", "")
            if not length.isdigit() or int(length) > MOST_BYTES:
                return self._answer(413)
            body = self.rfile.read(int(length))
            given = (self.headers.get(TIMESTAMP, ""), body, self.headers.get(SIGNATURE, ""))
            self._answer(200 if switch.called(*given) else 403)

        def _answer(self, status: int) -> None:
            body = json.dumps({"ok": status == 200}).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: each call would be a line."""

    server = ThreadingHTTPServer(address, Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.2}, daemon=True).start()
    return server
