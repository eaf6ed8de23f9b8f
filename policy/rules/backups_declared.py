"""What holds data is backed up, and somewhere else: to a store that is not lost with it.

Seen here is what the settings declare (smarteros:backups); whether a backup was made, `./smos backups` says. A tenant's
stack and the hosts' are judged by their platform's. On a developer's own machine nothing is the only one of its kind.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from policy.rule import Facts, Resource, StackRule
from policy.stateful import holds

_DATABASE = "postgresql:index/database:Database"
_VENDORS = {"azure-native": "azure", "cloudflare": "cloudflare"}
_ON_A_HOST = "host:"


def _check(stack: Sequence[Resource], facts: Facts) -> Iterator[tuple[Resource | None, str]]:
    if facts.tenant or facts.own_machine or not facts.environment:
        return
    holding = [one for one in stack if holds(one.token, one.inputs)]
    if not any(one.token == _DATABASE for one in holding):
        return
    if not facts.backup_domains:
        yield None, "nothing that the platform holds is backed up: smarteros:backups/stores (docs/backups.md)"
        return
    for domain in sorted({_domain(one) for one in holding}):
        elsewhere = [one for one in facts.backup_domains if not one.startswith(domain)]
        if domain and not elsewhere:
            where = "hosts" if domain == _ON_A_HOST else domain
            why = f"what is in {where} is backed up only there, and both would be lost together"
            yield None, f"{why}: a store of another failure domain in smarteros:backups/stores"


def _domain(resource: Resource) -> str:
    """What it is lost with; nothing where its type does not say it."""
    package = resource.token.partition(":")[0]
    return _ON_A_HOST if package == "docker" else _VENDORS.get(package, "")


RULE = StackRule(
    name="backups-declared",
    says="What holds data is backed up, to a store that is not lost with it.",
    check=_check,
    needs_facts=True,
)
