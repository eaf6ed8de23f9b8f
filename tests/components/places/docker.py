"""A host, as the contract suite reads it: containers of Docker."""

from __future__ import annotations

from collections.abc import Iterator

from tests.components.declared import Declared, resolved
from tests.components.places.example import Contained, Example

__all__ = ["CONTAINER", "DOCKER"]

CONTAINER = "docker:index/container:Container"


def _containers(one: Declared) -> Iterator[Contained]:
    """But for what only fills a volume before the others start."""
    if one.token == CONTAINER and not one.name.endswith("-secrets-loader"):
        inputs = resolved(one.inputs)
        passing = inputs.get("mustRun") is False
        name = one.name if passing else one.name.removesuffix("-container")
        yield Contained(name, float(inputs["cpus"]), int(inputs["memory"]), passing, one)


def _faults(one: Contained) -> Iterator[str]:
    inputs = resolved(one.one.inputs)
    labels = {label["label"] for label in inputs["labels"]}
    if inputs.get("memorySwap") != one.memory_mb or one.memory_mb <= 0 or one.cpu <= 0:
        yield "limits"
    if not one.passing and not inputs["healthcheck"]["tests"]:
        yield "health"
    if not {"smarteros.system", "smarteros.stack"} <= labels:
        yield "labels"
    if not inputs["networksAdvanced"]:
        yield "networks"
    if inputs["logOpts"] != {"max-size": "10m", "max-file": "3"}:
        yield "logs"


def _routed(one: Declared) -> bool:
    """The reverse proxy reads the labels."""
    labels = resolved(one.inputs).get("labels") or []
    return one.token == CONTAINER and any(label["label"] == "traefik.enable" for label in labels)


DOCKER = Example(
    where="docker",
    on_page="a host with Docker",
    placement={"where": "docker", "host": "vps"},
    options={
        "n8n": {
            "azures-database": {"database": "azure"},
            "queue": {"mode": {"kind": "queue", "workers": {"minReplicas": 2, "maxReplicas": 2}}},
        }
    },
    containers=_containers,
    faults=_faults,
    routed=_routed,
)
