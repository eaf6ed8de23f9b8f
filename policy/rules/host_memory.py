"""What runs on a host fits into its memory, beside the system's own share: else the kernel ends a database.

Adds up the limits of what a stack declares; two stacks on one host are not added up. A host that the settings don't
know is told, for nothing could be checked there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from policy.rule import Facts, Host, Resource, StackRule

_CONTAINER = "docker:index/container:Container"


def _check(stack: Sequence[Resource], facts: Facts) -> Iterator[tuple[Resource | None, str]]:
    hosts = {host.address: host for host in facts.hosts}
    used: dict[str, dict[str, float]] = defaultdict(dict)
    for resource in stack:
        if resource.token != _CONTAINER or not _stays(resource):
            continue
        host = str(resource.provider.get("host", ""))
        address = urlsplit(host).hostname or host  # a socket has no host name
        if address in hosts:
            limit = resource.inputs.get("memory")
            used[address][resource.name] = limit if isinstance(limit, int | float) else 0
        elif hosts and address:
            yield resource, f"{resource.name} runs on {address}, which is no host of the settings"
    for address, limits in used.items():
        yield from ((None, text) for text in _too_much(hosts[address], limits))


def _stays(resource: Resource) -> bool:
    """Not one that never starts, nor one that ends before what it prepares is started."""
    inputs = resource.inputs
    return inputs.get("start") is not False and not (inputs.get("attach") is True and inputs.get("mustRun") is False)


def _too_much(host: Host, limits: dict[str, float]) -> Iterator[str]:
    total, room = sum(limits.values()), host.memory_mb - host.reserve_mb
    if total > room:
        parts = ", ".join(f"{name} {limit:g}" for name, limit in sorted(limits.items()))
        yield (
            f"{host.name}: its containers may use {total:g} MB ({parts}), there is room for {room} "
            f"({host.memory_mb} less {host.reserve_mb} for the system): lower a memoryMb, or a larger host"
        )


RULE = StackRule(
    name="host-memory",
    says="What runs on a host fits into its memory.",
    check=_check,
    needs_facts=True,
)
