"""Whether each service works, and how fast, asked by its public name as after an upgrade
(settings/services/upgrades.py).
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from recovery.status.probe import Finding, Level, Look, Probe
from recovery.upgrade.smoke import asked_once

__all__ = ["PROBE", "SLOW_S"]

SLOW_S = 3.0


def _ask(look: Look) -> Iterator[Finding]:
    for key, service in look.settings.services.running():
        rules = service.upgrades.get(service.main_image())
        hostname = getattr(service, "hostname", None)
        if rules is None or not hostname or hostname == "*":
            continue
        address = look.settings.address(key)
        for test in rules.smoke:
            begun = time.monotonic()
            problem = asked_once(address, test, look.settings.image(service.main_image()).tag, look.visit)
            seconds = time.monotonic() - begun
            level: Level = "bad" if problem else "warning" if seconds > SLOW_S else "good"
            says = f"{address.url}{test.path}: {problem or f'{seconds * 1000:.0f} ms'}"
            facts = {"latency_ms": round(seconds * 1000), "url": address.url}
            mend = "its log says why; ./smos preview shows whether it is declared as it runs" if problem else ""
            yield Finding(probe="health", subject=key, level=level, says=says, mend=mend, facts=facts)


PROBE = Probe(name="health", title="Whether each service works", ask=_ask, limit_s=60.0)
