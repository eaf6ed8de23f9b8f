"""Whether Vault is open: sealed, it answers nobody, and no tenant's state can be read."""

from __future__ import annotations

from collections.abc import Iterator

from recovery.status.probe import Finding, Look, Probe

__all__ = ["PROBE"]


def _ask(look: Look) -> Iterator[Finding]:
    if look.settings.services.vault is None:
        return
    from deploy import guards, vault

    with guards.tunnel_open(look.place, look.settings, look.say):
        seal = vault.state(look.place, look.settings, look.say).seal
    stack = look.stack
    if not seal.initialized:
        says, mend = "not initialised yet", f"./smos vault init {stack}"
        yield Finding(probe="vault", subject="vault", level="warning", says=says, mend=mend)
    elif seal.sealed:
        says, mend = "sealed: it answers nobody", f"./smos vault unseal {stack}"
        yield Finding(probe="vault", subject="vault", level="bad", says=says, mend=mend)
    else:
        yield Finding(probe="vault", subject="vault", level="good", says="open")


PROBE = Probe(name="vault", title="Vault", ask=_ask, limit_s=30.0)
