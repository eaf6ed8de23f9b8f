"""Proofs for tests."""

from __future__ import annotations

from typing import Any

from recovery.drill.proof import Answer, Closed, Proof, ProvedPart

__all__ = ["answer", "part", "proof"]


def answer(outcome: Any = "right", name: str = "credentials-decrypt", found: str = "12 open") -> Answer:
    """One of them."""
    asks = "every stored credential opens with n8n's key"
    source = "packages/core/src/encryption/aes-256-cbc.ts, credentials-entity.ts (data)"
    return Answer(name=name, asks=asks, outcome=outcome, found=found, source=source, seconds=0.2)


def part(name: str = "database:main/n8n", *answers: Answer, **more: Any) -> ProvedPart:
    """One of a backup."""
    given: dict[str, Any] = {
        **{"kind": "database", "service": "n8n", "store": "r2", "snapshot": "0" * 64},
        **{"taken_at": "2026-11-30T01:00:00Z", "size": 1 << 20, "rpo_s": 840.0, "rto_s": 12.5},
    }
    return ProvedPart(name=name, answers=answers or (answer(),), **{**given, **more})


def proof(*parts: ProvedPart, **more: Any) -> Proof:
    """Of a drill in which all was well."""
    given: dict[str, Any] = {
        **{"environment": "prod", "target": "sandbox", "backup": "20261130-010000", "scope": "all"},
        **{"begun": "2026-11-30T01:14:00Z", "ended": "2026-11-30T01:18:30Z", "removed": True, "sentinel_age_s": 845.0},
        "closed": Closed(by="namespace", interfaces=(), attempts=0),
    }
    return Proof(parts=parts or (part(),), **{**given, **more})
