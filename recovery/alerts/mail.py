"""A notice as a letter, over SMTP with TLS whose certificate is looked at; nothing is sent without it."""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid

from kept.operator_error import OperatorError
from recovery.alerts.notice import Notice
from settings.mail import Mail

__all__ = ["Letters", "NotSent"]

TIMEOUT_S = 20.0


class NotSent(OperatorError):
    """A notice that a channel did not take; the text says which and why, and shows no secret."""


@dataclass(frozen=True, kw_only=True)
class Letters:
    """Through which server, and to whom."""

    mail: Mail
    to: str
    password: str = field(repr=False)
    trust: ssl.SSLContext | None = None
    """Whose certificates are believed; none: the system's."""

    @property
    def name(self) -> str:
        """In messages."""
        return f"mail to {self.to}"

    def send(self, notice: Notice) -> None:
        """Raises NotSent."""
        letter = EmailMessage()
        letter["Subject"], letter["From"], letter["To"] = notice.subject, self.mail.sender, self.to
        letter["Date"], letter["Message-ID"] = (
            format_datetime(notice.at),
            make_msgid(domain=self.mail.sender.split("@")[1]),
        )
        letter["Auto-Submitted"] = "auto-generated"
        letter.set_content(notice.text)
        try:
            with self._connected() as server:
                server.login(self.mail.user, self.password)
                server.send_message(letter)
        except (OSError, smtplib.SMTPException) as error:
            raise NotSent(
                f"{self.name}: {self.mail.host}:{self.mail.port}: {_why(error)}. "
                "Fix: the mail server in the settings, and its password (./smos keys set)"
            ) from None

    def _connected(self) -> smtplib.SMTP:
        context = self.trust or ssl.create_default_context()
        if self.mail.security == "tls":
            return smtplib.SMTP_SSL(self.mail.host, self.mail.port, timeout=TIMEOUT_S, context=context)
        server = smtplib.SMTP(self.mail.host, self.mail.port, timeout=TIMEOUT_S)
        try:
            server.starttls(context=context)
        except BaseException:
            server.close()
            raise
        return server


def _why(error: Exception) -> str:
    """In the server's words; of a login that was refused, not what was sent."""
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return f"the login was refused ({error.smtp_code})"
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error.decode(errors="replace") if isinstance(error.smtp_error, bytes) else error.smtp_error
        return f"{error.smtp_code} {said[:200]}"
    return str(error)[:200] or type(error).__name__
