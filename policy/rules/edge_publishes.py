"""Only the reverse proxy publishes ports of a host: a published port passes by the host's firewall."""

from __future__ import annotations

from collections.abc import Iterator

from policy.rule import Facts, Resource, Rule, each, part

EDGE = "traefik"


def _check(resource: Resource, facts: Facts) -> Iterator[str]:
    ports = [f"{part(port).get('external', '(any)')}" for port in each(resource.inputs.get("ports"))]
    name = str(resource.inputs.get("name", ""))
    if resource.inputs.get("publishAllPorts") is True:
        ports.append("(all)")
    if ports and not facts.is_called(name, EDGE):
        mend = "route to it through Traefik (a host name in its Workload) instead"
        yield f"container {name} publishes {', '.join(ports)}: {mend}"


RULE = Rule(
    name="edge-publishes",
    says="Only the reverse proxy publishes ports of a host.",
    types=("docker:index/container:Container",),
    check=_check,
    needs_facts=True,
)
