"""Vendors' APIs are asked within limits: of time, of size, and as often as they allow."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from deploy import json_api
from deploy.json_api import NoAnswer, asked

TOKEN = "t" * 40


class _Vendor(BaseHTTPRequestHandler):
    """Answers what the test says, in order; the last one for ever."""

    answers: ClassVar[list[tuple[int, dict[str, str], bytes]]] = []
    seen: ClassVar[list[tuple[str, str | None, bytes]]] = []
    pause_s: ClassVar[float] = 0.0

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.seen.append((f"{self.command} {self.path}", self.headers.get("Authorization"), body))
        status, headers, content = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        for byte in content if self.pause_s else ():
            self.wfile.write(bytes([byte]))
            time.sleep(self.pause_s)
        if not self.pause_s:
            self.wfile.write(content)

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def vendor(*answers: tuple[int, dict[str, str], bytes], pause_s: float = 0.0) -> Iterator[str]:
    """The address of one that answers so."""
    _Vendor.answers, _Vendor.seen, _Vendor.pause_s = list(answers), [], pause_s
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Vendor)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


FINE: tuple[int, dict[str, str], bytes] = (200, {}, b'{"value": [1]}')


def test_a_question_carries_its_token_and_a_form_is_posted() -> None:
    """GET with the token; POST without one, with the form as its body."""
    with vendor(FINE) as url:
        assert asked(f"{url}/a?b=c", token=TOKEN) == {"value": [1]}
        assert asked(url, form={"grant_type": "x y"}) == {"value": [1]}
    assert _Vendor.seen == [("GET /a?b=c", f"Bearer {TOKEN}", b""), ("POST /", None, b"grant_type=x+y")]


@pytest.mark.parametrize(
    ("status", "headers", "waited"),
    [
        (429, {"Retry-After": "7"}, [7.0]),
        (503, {"Retry-After": "7"}, [7.0]),
        (429, {}, [5.0]),
        (429, {"Retry-After": "soon"}, [5.0]),
    ],
)
def test_it_waits_as_long_as_the_vendor_says(status: int, headers: dict[str, str], waited: list[float]) -> None:
    """Then it asks again."""
    pauses: list[float] = []
    with vendor((status, headers, b""), FINE) as url:
        assert asked(url, wait=pauses.append) == {"value": [1]}
    assert pauses == waited


def test_a_date_is_understood() -> None:
    """Retry-After may be one."""
    pauses: list[float] = []
    then = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    with vendor((429, {"Retry-After": then}, b""), FINE) as url:
        asked(url, wait=pauses.append)
    assert 20 < pauses[0] <= 30


def test_it_does_not_wait_for_ever() -> None:
    """Not longer than it can at once, and not without end a little at a time."""
    pauses: list[float] = []
    with vendor((429, {"Retry-After": "3600"}, b"")) as url, pytest.raises(NoAnswer, match=r"429.*'3600'") as error:
        asked(url, wait=pauses.append)
    assert error.value.status == 429
    assert pauses == []
    with vendor((429, {"Retry-After": "50"}, b"")) as url, pytest.raises(NoAnswer):
        asked(url, wait=pauses.append)
    assert pauses == [50.0, 50.0]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 500, 502, 503])
def test_a_refusal_is_not_repeated(status: int) -> None:
    """Its status is the asker's to judge; no token is in the text."""
    with vendor((status, {}, b"{}")) as url, pytest.raises(NoAnswer) as error:
        asked(url, token=TOKEN)
    assert error.value.status == status
    assert TOKEN not in str(error.value)
    assert len(_Vendor.seen) == 1


def test_no_token_goes_where_a_redirect_leads() -> None:
    """It is not followed."""
    with vendor((302, {"Location": "/elsewhere"}, b""), FINE) as url, pytest.raises(NoAnswer) as error:
        asked(url, token=TOKEN)
    assert error.value.status == 302
    assert [line for line, _, _ in _Vendor.seen] == ["GET /"]


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b'"text"', b"[" * 100_000])
def test_what_is_no_object_is_no_answer(body: bytes) -> None:
    """Whatever it is instead."""
    with vendor((200, {}, body)) as url, pytest.raises(NoAnswer, match="no JSON"):
        asked(url)


def test_an_answer_is_bounded_in_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """More is not read."""
    monkeypatch.setattr(json_api, "MOST_BYTES", 100_000)
    with vendor((200, {}, json.dumps({"a": "b" * 200_000}).encode())) as url, pytest.raises(NoAnswer, match="100000"):
        asked(url)


def test_an_answer_is_bounded_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one that comes a byte at a time."""
    monkeypatch.setattr(json_api, "TIMEOUT_S", 0.3)
    with vendor((200, {}, b" " * 100 + b"{}"), pause_s=0.05) as url, pytest.raises(NoAnswer, match=r"within 0\.3 s"):
        asked(url)


def test_nobody_there_is_no_answer() -> None:
    """A port that nobody listens at."""
    with vendor(FINE) as url:
        pass
    with pytest.raises(NoAnswer, match="no answer") as error:
        asked(url)
    assert error.value.status == 0
