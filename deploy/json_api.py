"""Questions to a vendor's API that answers in JSON: bounded in time and size, and as patient as the vendor asks.

A redirect is not followed, for the token would go with it. What an answer means is the asker's business; a question is
repeated only when the vendor says that he did not look at it (429, 503 with Retry-After).
"""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from kept.operator_error import OperatorError

__all__ = ["MOST_BYTES", "TIMEOUT_S", "WAIT_S", "NoAnswer", "asked"]

TIMEOUT_S = 30.0
"""Of one question: to each byte, and as a whole."""
WAIT_S = 120.0
"""How long a vendor may put a question off, all in all."""
MOST_BYTES = 16 * 1024 * 1024
_USUAL_WAIT_S = 5.0
_PUT_OFF = (429, 503)
_CHUNK = 64 * 1024


class NoAnswer(OperatorError):
    """The vendor did not answer, or not with JSON, or refused. No token is part of the text."""

    def __init__(self, said: str, status: int = 0) -> None:
        super().__init__(said)
        self.status = status
        """Of HTTP; 0 when nobody answered."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """None: the redirect is the answer, an error of its status."""


def asked(
    url: str,
    *,
    token: str = "",
    form: Mapping[str, str] | None = None,
    body: Mapping[str, Any] | None = None,
    wait: Callable[[float], None] = time.sleep,
) -> dict[str, Any]:
    """The object that the vendor answers to a GET, or to a POST of a form, or of JSON. Raises NoAnswer."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    data = urllib.parse.urlencode(form).encode() if form is not None else None
    if body is not None:
        data, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
    request = urllib.request.Request(url, data=data, headers=headers)  # noqa: S310 - the askers name http(s) alone
    left = WAIT_S
    while True:
        try:
            return _object(_body(request))
        except urllib.error.HTTPError as error:
            pause = _put_off(error)
            if pause is None or pause > left:
                raise NoAnswer(_refusal(error), error.code) from None
            left -= pause
            wait(pause)
        except (OSError, http.client.HTTPException) as error:
            raise NoAnswer(f"no answer: {error}") from None


def _body(request: urllib.request.Request) -> bytes:
    until = time.monotonic() + TIMEOUT_S
    with urllib.request.build_opener(_NoRedirect).open(request, timeout=TIMEOUT_S) as answer:
        found = bytearray()
        while chunk := answer.read1(_CHUNK):
            found += chunk
            if len(found) > MOST_BYTES:
                raise NoAnswer(f"an answer of more than {MOST_BYTES} bytes")
            if time.monotonic() > until:
                raise NoAnswer(f"no whole answer within {TIMEOUT_S:g} s")
    return bytes(found)


def _object(body: bytes) -> dict[str, Any]:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        raise NoAnswer("an answer that is no JSON") from None
    if not isinstance(content, dict):
        raise NoAnswer("an answer that is no JSON object")
    return content


def _put_off(error: urllib.error.HTTPError) -> float | None:
    """For how many seconds the vendor puts the question off (he says seconds, or a date); None when he doesn't."""
    if error.code not in _PUT_OFF:
        return None
    said = error.headers.get("Retry-After", "")
    if not said:
        return _USUAL_WAIT_S if error.code == _PUT_OFF[0] else None
    try:
        return max(0.0, float(said) if said.isdecimal() else parsedate_to_datetime(said).timestamp() - time.time())
    except (ValueError, TypeError):
        return _USUAL_WAIT_S


def _refusal(error: urllib.error.HTTPError) -> str:
    if error.code in _PUT_OFF and (said := error.headers.get("Retry-After", "")):
        return f"answered {error.code}: not before {said!r}"
    return f"answered {error.code}"
