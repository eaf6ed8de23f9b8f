"""Through which server something sends mail, as the settings name it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from settings.parts import Email, Port, Setting, matching

__all__ = ["Mail"]

ServerName = Annotated[
    str, AfterValidator(matching(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?", "not a host name", "as in smtp.example.com"))
]


class Mail(Setting):
    """The mail server, and who logs in there; TLS always."""

    host: ServerName = Field(description="The SMTP server")
    port: Port = Field(587, description="Its port")
    security: Literal["starttls", "tls"] = Field("starttls", description="TLS after a greeting (587), or at once (465)")
    user: str = Field(min_length=1, description="Who logs in there; the password is in the keyring")
    sender: Email = Field(description="From whom the letters are")
