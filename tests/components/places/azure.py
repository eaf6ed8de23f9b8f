"""Azure, as the contract suite reads it: apps of Container Apps, and blobs."""

from __future__ import annotations

from collections.abc import Iterator

from tests.components.declared import Declared, resolved
from tests.components.places.example import Contained, Example

__all__ = ["APP", "AZURE"]

APP = "azure-native:app:ContainerApp"


def _containers(one: Declared) -> Iterator[Contained]:
    """Those of an app, and those that run before them."""
    if one.token != APP:
        return
    template = resolved(one.inputs)["template"]
    for passing, found in ((False, template["containers"]), (True, template.get("initContainers") or [])):
        for container in found:
            size = container["resources"]
            memory_mb = int(float(size["memory"].removesuffix("Gi")) * 1024)
            yield Contained(container["name"], float(size["cpu"]), memory_mb, passing, one)


def _faults(one: Contained) -> Iterator[str]:
    inputs = resolved(one.one.inputs)
    template = inputs["template"]
    found = [probe["type"] for probe in template["containers"][0]["probes"]]
    if sorted(found) != ["Liveness", "Readiness", "Startup"]:
        yield "probes"
    if inputs["tags"]["system"] != "smarteros":
        yield "tags"
    if any("value" in secret for secret in inputs["configuration"].get("secrets") or []):
        yield "a secret that is no reference into the vault"


def _routed(one: Declared) -> bool:
    """Without a host name an app has no ingress from outside."""
    return one.token == APP and bool((resolved(one.inputs)["configuration"].get("ingress") or {}).get("external"))


AZURE = Example(
    where="azure",
    on_page="Azure",
    placement={"where": "azure"},
    database="azure",
    pairs=True,
    options={"n8n": {"queue": {"mode": {"kind": "queue", "workers": {"minReplicas": 1, "maxReplicas": 3}}}}},
    containers=_containers,
    faults=_faults,
    routed=_routed,
)
