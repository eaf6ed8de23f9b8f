"""The channels of an environment, from its settings and its keyring: letters through the mail server that a service
of it has, the webhook and the heartbeat of smarteros:backups/alerts, both signed with a key that is derived of the
keyring.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

from age_keyring import Keyring
from kept.operator_error import OperatorError
from recovery.alerts.mail import Letters
from recovery.alerts.run import Channel
from recovery.alerts.webhook import Webhook
from settings import Settings, expected_secrets
from settings.mail import Mail

__all__ = ["Channels", "NoKey", "channels_of", "webhook_key"]

ROOT_KEY = "tenants_root_key"
_PURPOSE = "alerts: signs what is sent to webhooks"


class NoKey(OperatorError):
    """The keyring has nothing of which a webhook's key could be derived."""


@dataclass(frozen=True, kw_only=True)
class Channels:
    """Whom an environment tells."""

    all: tuple[Channel, ...]
    heartbeat: Webhook | None


def channels_of(settings: Settings, keyring: Keyring) -> Channels:
    """Those that are declared; none of them is asked for anything."""
    alerts = settings.backups.alerts if settings.backups else None
    found: list[Channel] = []
    mail = _mail(settings)
    if mail is not None:
        to = alerts.email if alerts and alerts.email else settings.operators.email
        found.append(Letters(mail=mail[0], to=to, password=_secret(settings, keyring, mail[1])))
    if alerts and alerts.webhook:
        found.append(Webhook(url=alerts.webhook, key=webhook_key(settings, keyring)))
    called = alerts.heartbeat if alerts else None
    heartbeat = Webhook(url=called, key=webhook_key(settings, keyring)) if called else None
    return Channels(all=tuple(found), heartbeat=heartbeat)


def webhook_key(settings: Settings, keyring: Keyring) -> str:
    """With which what is sent is signed: the same after every loss. Raises NoKey."""
    root = keyring.find(_entry(settings, ROOT_KEY) or f"shared/{ROOT_KEY}")
    if not root:
        raise NoKey("the keyring has no tenantsRootKey, of which the webhook's key is derived. Fix: ./smos keys init")
    return hmac.new(bytes.fromhex(root), f"{_PURPOSE}\0{settings.stack}".encode(), hashlib.sha256).hexdigest()


def _mail(settings: Settings) -> tuple[Mail, str] | None:
    """The first mail server that a service has, and the name of the secret with which one logs in there."""
    for _, service in settings.services.running():
        mail = getattr(service, "mail", None)
        if isinstance(mail, Mail) and service.mail_password:
            return mail, service.mail_password
    return None


def _secret(settings: Settings, keyring: Keyring, name: str) -> str:
    entry = _entry(settings, name)
    value = keyring.find(entry) if entry else None
    if not value:
        raise NoKey(
            f"the keyring lacks {entry or name}, with which letters are sent. Fix: ./smos keys set {entry or name}"
        )
    return value


def _entry(settings: Settings, name: str) -> str | None:
    return next((one.entry for one in expected_secrets(settings) if name in (one.name, one.key)), None)
