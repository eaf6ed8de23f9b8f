"""Only the reverse proxy publishes ports of a host: a published port passes by the host's firewall."""

from __future__ import annotations

from collections.abc import Iterator

from policy.rule import Props, Rule

EDGE = ("traefik",)


def _check(_token: str, inputs: Props) -> Iterator[str]:
    ports = [port.get("external") for port in inputs.get("ports") or []]
    name = str(inputs.get("name", ""))
    if ports and not any(edge in name for edge in EDGE):
        yield f"container {name} publishes {ports}: route to it through Traefik (a host name in its Workload) instead"


RULE = Rule(
    name="edge-publishes",
    says="Only the reverse proxy publishes ports of a host.",
    types=("docker:index/container:Container",),
    check=_check,
)
