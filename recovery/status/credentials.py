"""Until when the keyring's credentials are good that say it themselves: tokens (JWT), SAS of Azure, certificates.

Nobody is asked, and no value is shown. Of a token that does not say its end (Cloudflare's, an access key), only its
vendor knows it.
"""

from __future__ import annotations

import base64
import binascii
import datetime
import json
from collections.abc import Iterator
from urllib.parse import parse_qs

from recovery.status.probe import Finding, Level, Look, Probe
from settings import open_keyring

__all__ = ["BAD_DAYS", "PROBE", "WARN_DAYS", "end_of"]

WARN_DAYS, BAD_DAYS = 30, 7


def end_of(value: str) -> datetime.datetime | None:
    """When a credential ends; None where it does not say."""
    return _jwt(value) or _sas(value) or _certificate(value)


def _ask(look: Look) -> Iterator[Finding]:
    keyring = open_keyring(look.place.environ)
    dated = 0
    for path in keyring.paths():
        if not path.startswith((f"{look.stack}/", "shared/", "external/")):
            continue
        end = end_of(keyring.get(path))
        if end is None:
            continue
        dated += 1
        days = (end - look.now) / datetime.timedelta(days=1)
        if days < WARN_DAYS:
            level: Level = "bad" if days < BAD_DAYS else "warning"
            says = f"ends {end:%Y-%m-%d}, {days:.0f} days" if days >= 0 else f"ended {end:%Y-%m-%d}"
            mend = f"./smos keys set {path} --replace, with a new one of its vendor's"
            yield Finding(
                probe="credentials",
                subject=path,
                level=level,
                says=says,
                mend=mend,
                facts={"days_left": round(days, 1)},
            )
    yield Finding(probe="credentials", subject="keyring", level="good", says=f"{dated} say when they end")


def _jwt(value: str) -> datetime.datetime | None:
    parts = value.strip().split(".")
    if len(parts) != 3 or not value.startswith("ey"):
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        return datetime.datetime.fromtimestamp(float(claims["exp"]), datetime.UTC)
    except (binascii.Error, ValueError, KeyError, TypeError, OverflowError, OSError):
        return None


def _sas(value: str) -> datetime.datetime | None:
    """https://learn.microsoft.com/rest/api/storageservices/create-service-sas: `se`, an ISO 8601 time in UTC."""
    if "sig=" not in value or "se=" not in value:
        return None
    found = parse_qs(value.strip().partition("?")[2] or value.strip().lstrip("?")).get("se", [""])[0]
    try:
        end = datetime.datetime.fromisoformat(found)
    except ValueError:
        return None
    return end if end.tzinfo else end.replace(tzinfo=datetime.UTC)


def _certificate(value: str) -> datetime.datetime | None:
    if "-----BEGIN CERTIFICATE-----" not in value:
        return None
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificate(value.encode()).not_valid_after_utc
    except ValueError:
        return None


PROBE = Probe(name="credentials", title="Credentials that end", ask=_ask)
