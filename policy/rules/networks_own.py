"""A container is in the networks of its own system, as itself, and only in those that it needs.

Databases, queues and Vault are in `data` alone; `socket`, where Docker's API is, has two members; the reverse proxy
reaches no database. In Docker's default network every container of the host reaches every other.
"""

from __future__ import annotations

from collections.abc import Iterator

from policy.rule import UNKNOWN, Facts, Resource, Rule, each, part
from policy.rules.edge_publishes import EDGE
from policy.rules.host_untouched import READER

__all__ = ["RULE", "part_of"]

NETWORKS = ("edge", "data", "socket")
_HOLD_DATA = ("postgres-", "redis", "vault")


def _check(resource: Resource, facts: Facts) -> Iterator[str]:
    inputs, name = resource.inputs, resource.inputs.get("name", resource.name)
    if not isinstance(name, str):
        return
    if resource.token == "docker:index/network:Network":
        if not any(facts.is_called(name, one) for one in NETWORKS):
            yield f"network {name} is none of this system's: {', '.join(NETWORKS)}"
        return
    joined = each(inputs.get("networksAdvanced"))
    yield from _mode(name, inputs.get("networkMode"), bool(joined or inputs.get("networksAdvanced") is UNKNOWN))
    own = part_of(name, facts)
    for one in joined:
        network = part(one).get("name")
        if isinstance(network, str):
            yield from _member(own if facts.system else _untold(name, facts), network, facts)
        for alias in each(part(one).get("aliases")):
            if alias != own and (facts.system or not facts.is_called(name, str(alias))):
                yield f"container {name} answers to {alias}, which is another's name: {own}"


def _mode(name: str, mode: object, has_networks: bool) -> Iterator[str]:
    if mode is UNKNOWN or (mode in (None, "bridge") and has_networks) or (mode == "none" and not has_networks):
        return
    if mode in (None, "bridge", "default"):
        yield f"container {name} is in Docker's default network, where all reach each other: networksAdvanced"
    else:
        yield f"container {name} has the networkMode {mode}: networksAdvanced, or none for what reaches nobody"


def _member(own: str, network: str, facts: Facts) -> Iterator[str]:
    found = next((one for one in NETWORKS if facts.is_called(network, one)), None)
    if found is None:
        yield f"{own} joins {network}, which is none of this system's networks: {', '.join(NETWORKS)}"
    elif found == "socket" and own not in (EDGE, READER):
        yield f"{own} joins {network}, where Docker's API answers: only {EDGE} and {READER} do"
    elif found != "socket" and own == READER:
        yield f"{READER} joins {network}, so that others reach Docker's API: only socket"
    elif found == "edge" and (own.startswith(_HOLD_DATA) or own.endswith("-redis")):
        yield f"{own} joins {network}, from which the internet is reached: only data"
    elif found == "data" and own == EDGE:
        yield f"{EDGE} joins {network}, where databases are: a router per service instead"


def _untold(name: str, facts: Facts) -> str:
    """What it is, as far as its name's end tells."""
    return next((one for one in (READER, EDGE) if facts.is_called(name, one)), name)


def part_of(name: str, facts: Facts) -> str:
    """What a container or volume is in this system: its name without the system's and the environment's."""
    return name.removeprefix(f"{facts.system}-{facts.environment}-") if facts.system else name


RULE = Rule(
    name="networks-own",
    says="Containers are in the networks that they need, and answer to their own names.",
    types=("docker:index/container:Container", "docker:index/network:Network"),
    check=_check,
    everywhere=True,
    needs_facts=True,
)
