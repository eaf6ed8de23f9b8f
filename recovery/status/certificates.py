"""Until when the certificates are good that the public names show. What stands behind Cloudflare's edge is not seen
so.
"""

from __future__ import annotations

import datetime
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

from recovery.status.probe import Certificate, Finding, Level, Look, Probe
from settings import WebAddress

__all__ = ["BAD_DAYS", "PROBE", "WARN_DAYS", "by_name", "through"]

WARN_DAYS, BAD_DAYS = 21, 7
"""Let's Encrypt's are renewed 30 days before their end: at 21 that has failed for more than a week."""
TIMEOUT_S = 10.0


def by_name(address: WebAddress) -> datetime.datetime:
    """As everybody reaches it, by the name in the DNS."""
    return _until(address.host, (address.host, address.port or 443), ssl.create_default_context())


def through(port: int, trust: Path) -> Certificate:
    """By the name in the DNS of the simulated clouds, whose edge is at a port of this machine."""
    context = ssl.create_default_context(cafile=str(trust))
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return lambda address: _until(address.host, ("127.0.0.1", port), context)


def _until(name: str, where: tuple[str, int], context: ssl.SSLContext) -> datetime.datetime:
    with (
        socket.create_connection(where, TIMEOUT_S) as raw,
        context.wrap_socket(raw, server_hostname=name) as speaking,
    ):
        found = speaking.getpeercert() or {}
    seconds = ssl.cert_time_to_seconds(str(found["notAfter"]))
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC)


def _ask(look: Look) -> Iterator[Finding]:
    for key, service in look.settings.services.running():
        hostname = getattr(service, "hostname", None)
        if not hostname or hostname == "*":
            continue
        address = look.settings.address(key)
        if address.tls:
            yield _judged(key, address, look)


def _judged(key: str, address: WebAddress, look: Look) -> Finding:
    try:
        until = look.certificate(address)
    except OSError as error:
        says = f"{address.host}: {error}"
        return Finding(probe="certificates", subject=key, level="bad", says=says, mend="./smos up makes it anew")
    days = (until - look.now) / datetime.timedelta(days=1)
    level: Level = "bad" if days < BAD_DAYS else "warning" if days < WARN_DAYS else "good"
    mend = "" if level == "good" else f"the log of the reverse proxy says why it is not renewed; ./smos up {look.stack}"
    says = f"{address.host}: until {until:%Y-%m-%d}, {days:.0f} days"
    return Finding(
        probe="certificates", subject=key, level=level, says=says, mend=mend, facts={"days_left": round(days, 1)}
    )


PROBE = Probe(name="certificates", title="Certificates", ask=_ask, limit_s=60.0)
