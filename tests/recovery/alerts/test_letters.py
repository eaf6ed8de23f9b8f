"""A letter on a real SMTP server: TLS and a login always, the certificate looked at, no secret anywhere."""

from __future__ import annotations

import asyncio
import datetime
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from recovery.alerts.mail import Letters, NotSent
from recovery.alerts.notice import Event, Notice
from settings.mail import Mail
from tests.recovery.alerts.certificates import server_contexts

PASSWORD = "correct horse battery"
NOW = datetime.datetime(2026, 11, 30, 12, 0, tzinfo=datetime.UTC)
EVENT = Event(
    key="vault:vault", what="began", says="sealed: it answers nobody", mend="./smos vault unseal prod", since=""
)
NOTICE = Notice(stack="prod", target="sandbox", at=NOW, events=[EVENT])


@dataclass
class Mailbox:
    """A server, and what it took."""

    port: int = 0
    trust: ssl.SSLContext = field(default_factory=ssl.create_default_context)
    took: list[Any] = field(default_factory=list)
    over_tls: list[bool] = field(default_factory=list)

    async def handle_DATA(self, _server: Any, session: Any, envelope: Any) -> str:
        """Called by aiosmtpd for each letter."""
        self.took.append((envelope.rcpt_tos, message_from_bytes(envelope.content, policy=default)))
        self.over_tls.append(session.ssl is not None)
        return "250 OK"


def _login(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
    good = isinstance(data, LoginPassword) and (data.login, data.password) == (b"smos", PASSWORD.encode())
    return AuthResult(success=good, handled=False)


@pytest.fixture(params=["starttls", "tls"])
def mailbox(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Mailbox, str]]:
    """Either way of TLS: after a greeting, or at once."""
    box, at_once = Mailbox(), request.param == "tls"
    serving, box.trust = server_contexts(tmp_path, "localhost")

    def speaking() -> SMTP:
        return SMTP(
            box,
            authenticator=_login,
            auth_required=True,
            auth_require_tls=not at_once,
            tls_context=None if at_once else serving,
            require_starttls=not at_once,
        )

    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    opening = loop.create_server(speaking, "127.0.0.1", 0, ssl=serving if at_once else None)
    server = asyncio.run_coroutine_threadsafe(opening, loop).result(10)
    box.port = server.sockets[0].getsockname()[1]
    try:
        yield box, request.param
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)


def letters(box: Mailbox, security: str, password: str = PASSWORD, host: str = "localhost") -> Letters:
    """To that server."""
    mail = Mail.model_validate(
        {"host": host, "port": box.port, "security": security, "user": "smos", "sender": "no-reply@example.cl"}
    )
    return Letters(mail=mail, to="ops@example.cl", password=password, trust=box.trust)


def test_it_arrives_with_what_is_bad_and_how_to_mend_it(mailbox: tuple[Mailbox, str]) -> None:
    """Over TLS, to whom the settings name."""
    box, security = mailbox
    letters(box, security).send(NOTICE)
    ((to, letter),) = box.took
    assert (to, letter["Subject"]) == (["ops@example.cl"], "[prod] vault:vault")
    assert "BAD: vault:vault" in letter.get_content()
    assert "Fix: ./smos vault unseal prod" in letter.get_content()
    assert security == "tls" or box.over_tls == [True]


def test_a_wrong_password_is_told_without_it(mailbox: tuple[Mailbox, str]) -> None:
    """Nothing was taken."""
    box, security = mailbox
    with pytest.raises(NotSent, match="the login was refused") as told:
        letters(box, security, password="not the right one").send(NOTICE)
    assert box.took == []
    assert "not the right one" not in str(told.value)


def test_a_certificate_of_somebody_elses_is_refused(mailbox: tuple[Mailbox, str], tmp_path: Path) -> None:
    """Before the password is sent."""
    box, security = mailbox
    (tmp_path / "other").mkdir()
    _, box.trust = server_contexts(tmp_path / "other", "localhost")
    with pytest.raises(NotSent, match="certificate"):
        letters(box, security).send(NOTICE)
    assert box.took == []


def test_a_server_that_is_not_there_is_told() -> None:
    """In words."""
    with pytest.raises(NotSent, match=r"Fix: "):
        letters(Mailbox(port=9), "starttls").send(NOTICE)


def test_no_password_is_shown_with_it() -> None:
    """A channel may be printed."""
    assert PASSWORD not in repr(letters(Mailbox(port=9), "tls"))
