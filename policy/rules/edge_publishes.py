"""Only the reverse proxy publishes ports of a host: a published port passes by the host's firewall.

On a developer's own machine every container may, but on the loopback's addresses alone, the proxy as well: whoever is
in the same network would reach it otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator

from policy.rule import UNKNOWN, Facts, Props, Resource, Rule, each, part

EDGE = "traefik"
_OPEN = ((80, 80), (443, 443))
_LOOPBACK = ("127.0.0.1", "::1")


def _check(resource: Resource, facts: Facts) -> Iterator[str]:
    yield from _on_own_machine(resource) if facts.own_machine else _on_server(resource, facts)


def _on_own_machine(resource: Resource) -> Iterator[str]:
    name = str(resource.inputs.get("name", ""))
    if resource.inputs.get("publishAllPorts") is True:
        yield f"container {name} publishes all its ports to everybody: name each, with ip 127.0.0.1"
    for port in each(resource.inputs.get("ports")):
        address = part(port).get("ip")
        if address not in (UNKNOWN, *_LOOPBACK):
            where = address or "every address of this machine"
            yield f"container {name} publishes {part(port).get('external', '(any)')} on {where}: ip 127.0.0.1"


def _on_server(resource: Resource, facts: Facts) -> Iterator[str]:
    ports = [f"{part(port).get('external', '(any)')}" for port in each(resource.inputs.get("ports"))]
    name = str(resource.inputs.get("name", ""))
    if resource.inputs.get("publishAllPorts") is True:
        ports.append("(all)")
    for port in map(part, each(resource.inputs.get("ports"))):
        if facts.is_called(name, EDGE) and _port(port) not in (*_OPEN, UNKNOWN):
            yield f"container {name} publishes {_port(port)}: only 80 and 443, as they are inside"
    if ports and not facts.is_called(name, EDGE):
        mend = "route to it through Traefik (a host name in its Workload) instead"
        yield f"container {name} publishes {', '.join(ports)}: {mend}"


def _port(port: Props) -> object:
    """Outside and inside, when they are known."""
    both = port.get("external"), port.get("internal")
    return UNKNOWN if UNKNOWN in both else both


RULE = Rule(
    name="edge-publishes",
    says="Only the reverse proxy publishes ports of a host.",
    types=("docker:index/container:Container",),
    check=_check,
    everywhere=True,
    needs_facts=True,
)
