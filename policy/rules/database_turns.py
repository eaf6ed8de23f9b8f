"""The program has more connections to a server than databases and roles there, so that they can't wait for one another.

Whoever makes, drops or gives away a database waits for its turn on one connection of its provider and needs a second
one; whoever changes a role waits likewise. A provider's pool that is full of those who wait is a wait without end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from policy.rule import Facts, Resource, StackRule

_TAKE_TURNS = ("postgresql:index/database:Database", "postgresql:index/role:Role")
_DEFAULT = 20
"""maxConnections, where nothing is said (cyrilgdn/terraform-provider-postgresql, postgresql/provider.go)."""


def _check(stack: Sequence[Resource], _facts: Facts) -> Iterator[tuple[Resource | None, str]]:
    waiting = Counter(_pool(one) for one in stack if one.token in _TAKE_TURNS)
    reported: set[tuple[str, ...]] = set()
    for resource in stack:
        pool = _pool(resource)
        if resource.token not in _TAKE_TURNS or pool in reported:
            continue
        reported.add(pool)
        most = int(float(resource.provider.get("maxConnections") or _DEFAULT))
        if 0 < most <= waiting[pool]:
            mend = f"maxConnections of that provider: {waiting[pool] + 1} or more"
            what = f"{waiting[pool]} databases and roles share a provider's {most} connections"
            yield resource, f"{what}, and can wait for one another for ever: {mend}"


def _pool(resource: Resource) -> tuple[str, ...]:
    return tuple(str(resource.provider.get(name)) for name in ("host", "port", "username"))


RULE = StackRule(
    name="database-turns",
    says="Whoever changes a database always gets the second connection that this takes.",
    check=_check,
)
