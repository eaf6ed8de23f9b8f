"""The networks of databases and of Docker's API have no way out of the host, and none in.

Docker publishes no port of a container whose networks are all internal (moby/moby#36174). On a developer's own machine
a published port of the loopback is the only way in, so there the databases' network is open; Docker's API's is not.
"""

from __future__ import annotations

from collections.abc import Iterator

from policy.rule import Facts, Resource, Rule

_OPEN = "edge"
_OPEN_ON_OWN_MACHINE = "data"


def _check(resource: Resource, facts: Facts) -> Iterator[str]:
    name = str(resource.inputs.get("name", resource.name))
    if facts.own_machine and facts.is_called(name, _OPEN_ON_OWN_MACHINE):
        return
    if not facts.is_called(name, _OPEN) and resource.inputs.get("internal") is not True:
        yield f"network {name} reaches the internet: internal=True; only the network `{_OPEN}` is open"


RULE = Rule(
    name="data-networks-internal",
    says="Docker networks other than `edge` are internal.",
    types=("docker:index/network:Network",),
    check=_check,
    needs_facts=True,
)
