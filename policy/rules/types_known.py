"""Every type is one that the pack knows: what nobody has looked at may open anything.

In a tenant's stack only those types that a tenant's part is made of: no firewall, no network, no setting of the zone.
"""

from __future__ import annotations

from collections.abc import Iterator

from policy.known import COMPONENTS, KINDS
from policy.rule import Facts, Resource, Rule


def _check(resource: Resource, facts: Facts) -> Iterator[str]:
    token = resource.token
    if token.startswith(COMPONENTS):
        return
    if token not in KINDS:
        mend = "look at what each of its properties opens, then add it to policy/known (docs/policies.md, A new type)"
        yield f"{token} is a type that no rule knows: {mend}"
    elif facts.tenant and not KINDS[token].in_tenants:
        yield f"{token} is none of the types that a tenant's stack is made of: the platform declares it, or nobody"


RULE = Rule(
    name="types-known",
    says="Every type is one that the rules know.",
    types=("*",),
    check=_check,
    everywhere=True,
    needs_facts=True,
)
