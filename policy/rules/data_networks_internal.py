"""The networks of databases and of Docker's API have no way out of the host, and none in."""

from __future__ import annotations

from collections.abc import Iterator

from policy.rule import Facts, Resource, Rule

_OPEN = "edge"


def _check(resource: Resource, facts: Facts) -> Iterator[str]:
    name = str(resource.inputs.get("name", resource.name))
    if not facts.is_called(name, _OPEN) and resource.inputs.get("internal") is not True:
        yield f"network {name} reaches the internet: internal=True; only the network `{_OPEN}` is open"


RULE = Rule(
    name="data-networks-internal",
    says="Docker networks other than `edge` are internal.",
    types=("docker:index/network:Network",),
    check=_check,
    needs_facts=True,
)
