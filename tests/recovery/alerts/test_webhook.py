"""A webhook and a dead man's switch on a real HTTP listener here: signed, retried with an end, silence is an alarm."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from recovery.alerts.mail import NotSent
from recovery.alerts.notice import Event, Notice
from recovery.alerts.switch import Switch, serve
from recovery.alerts.webhook import ATTEMPTS, MOST_AGE_S, SIGNATURE, TIMESTAMP, Webhook, is_signed, signature

KEY = "0" * 64
EVENT = Event(key="room:host vps", what="began", says="1.0 of 400.0 GB free (0 %)", mend="docker system df", since="x")
NOTICE = Notice(
    stack="prod", target="real", at=datetime.datetime(2026, 11, 30, 12, 0, tzinfo=datetime.UTC), events=[EVENT]
)


@dataclass
class Listener:
    """What it was sent, and what it answers next."""

    port: int = 0
    answers: list[int] = field(default_factory=list)
    took: list[tuple[str, str, bytes]] = field(default_factory=list)


@pytest.fixture
def listener() -> Iterator[Listener]:
    """On a port of this machine."""
    here = Listener()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            here.took.append((self.headers[TIMESTAMP], self.headers[SIGNATURE], body))
            self.send_response(here.answers.pop(0) if here.answers else 200)
            self.send_header("Location", "http://127.0.0.1:9/")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    here.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield here
    finally:
        server.shutdown()
        server.server_close()


def webhook(port: int, path: str = "/hook") -> Webhook:
    """To a listener here; its pauses take no time."""
    return Webhook(url=f"http://127.0.0.1:{port}{path}", key=KEY, pause=lambda _: None)


def test_it_arrives_signed_over_its_moment_and_its_body(listener: Listener) -> None:
    """Another body, another moment or another key would not do."""
    webhook(listener.port).send(NOTICE)
    ((timestamp, given, body),) = listener.took
    now = float(timestamp)
    assert is_signed(KEY, timestamp, body, given, now)
    assert b'"room:host vps"' in body
    assert not is_signed(KEY, timestamp, body + b" ", given, now)
    assert not is_signed(KEY, str(int(now) + 1), body, given, now)
    assert not is_signed("1" * 64, timestamp, body, given, now)
    assert not is_signed(KEY, timestamp, body, given, now + MOST_AGE_S + 1), "an old one, sent again"


@pytest.mark.parametrize(
    ("answers", "calls", "arrives"), [([503, 429], 3, True), ([503] * 9, 3, False), ([404], 1, False)]
)
def test_it_is_tried_again_with_an_end(listener: Listener, answers: list[int], calls: int, arrives: bool) -> None:
    """What may pass, a few times; what won't, not at all."""
    assert ATTEMPTS == 3
    listener.answers = answers
    if arrives:
        webhook(listener.port).send(NOTICE)
    else:
        with pytest.raises(NotSent, match="status"):
            webhook(listener.port).send(NOTICE)
    assert len(listener.took) == calls


def test_a_redirect_is_not_followed(listener: Listener) -> None:
    """It would take the notice elsewhere."""
    listener.answers = [302]
    with pytest.raises(NotSent, match="status 302"):
        webhook(listener.port).send(NOTICE)


def test_without_tls_nothing_leaves_this_machine() -> None:
    """And what its path says, is in no message."""
    with pytest.raises(NotSent, match="without TLS") as told:
        Webhook(url="http://hooks.example.cl/T0K3N", key=KEY, pause=lambda _: None).send(NOTICE)
    assert "T0K3N" not in str(told.value)


def test_silence_is_an_alarm_once_until_it_is_called_again() -> None:
    """Called by a stranger it stays silent; called by us it waits anew."""
    now = [1_000_000.0]
    switch = Switch(key=KEY, silent_after_s=1800, clock=lambda: now[0])
    server = serve(switch, ("127.0.0.1", 0))
    url = f"http://127.0.0.1:{server.server_address[1]}/"
    ours, strange = (Webhook(url=url, key=key, pause=lambda _: None, clock=lambda: now[0]) for key in (KEY, "1" * 64))
    try:
        now[0] += 1700
        assert switch.overdue() is None
        with pytest.raises(NotSent, match="status 403"):
            strange.post(b"{}")
        now[0] += 200
        assert switch.overdue() == 1900
        assert switch.overdue() is None, "told once"
        ours.post(b"{}")
        assert switch.overdue() is None
        now[0] += 1801
        assert switch.overdue() == 1801
    finally:
        server.shutdown()
        server.server_close()


def test_a_signature_is_bound_to_its_moment() -> None:
    """Else what belongs to the moment could be read as the beginning of the body."""
    assert signature(KEY, "12", b"x") != signature(KEY, "1", b"2x")
