"""Makes the recorder a kind of place of the process that reads this first: a plugin of pytest, named with -p."""

from __future__ import annotations

from collections.abc import Iterator

from components.placements import chosen
from tests.components import places
from tests.components.declared import Declared, resolved
from tests.components.places.example import Contained, Example
from tests.components.recording.placement import CONTAINER, RECORDING

__all__ = ["EXAMPLE"]


def _containers(one: Declared) -> Iterator[Contained]:
    if one.token == CONTAINER:
        inputs = resolved(one.inputs)
        yield Contained(one.name, float(inputs["cpu"]), int(inputs["memoryMb"]), bool(inputs["passing"]), one)


def _faults(one: Contained) -> Iterator[str]:
    inputs = resolved(one.one.inputs)
    if one.cpu <= 0 or one.memory_mb <= 0:
        yield "limits"
    if not one.passing and not inputs["health"]:
        yield "health"


def _routed(one: Declared) -> bool:
    return one.token == CONTAINER and bool(one.inputs.get("hostname"))


EXAMPLE = Example(
    where="recording",
    on_page="a recorder",
    placement={"where": "recording"},
    database="recording",
    beside={"databaseServers": [{"name": "recording", "placement": {"where": "recording", "through": "vps"}}]},
    options={"n8n": {"queue": {"mode": {"kind": "queue", "workers": {"minReplicas": 1, "maxReplicas": 3}}}}},
    containers=_containers,
    faults=_faults,
    routed=_routed,
)
chosen.add(RECORDING)
places.add(EXAMPLE)
