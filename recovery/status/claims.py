"""Whether a stranger could still make himself the owner of a service (deploy/owners.py)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

from deploy import owners
from recovery.status.probe import Finding, Level, Look, Probe

__all__ = ["PROBE"]


def _ask(look: Look) -> Iterator[Finding]:
    for seen in owners.asked(look.settings, look.visit):
        level: Level = "good" if seen.good else "bad"
        mend = "" if seen.good else f"./smos up {look.stack}: it makes the owner; then look at who is in it"
        yield Finding(
            probe="claims",
            subject=f"{seen.service}{seen.path}",
            level=level,
            says=f"{seen.state}: {seen.url}{seen.path}: {seen.detail}",
            mend=mend,
            facts=asdict(seen),
        )


PROBE = Probe(name="claims", title="Whose each service is", ask=_ask, limit_s=60.0)
