"""What a container of a simulated host was told: its variables, its secret files, and what prepared it."""

from __future__ import annotations

from sandbox.apps.server.stand_ins import Told
from sandbox.core.inventory import Inventory
from sandbox.core.records import Record
from sandbox.docker.containers import beside, environment

__all__ = ["told_container"]

FOLDER = "/run/secrets/"


def told_container(cloud: Inventory, container: Record) -> Told:
    """All of it, of the containers beside it that ran to their end before it."""
    name = str(container.inputs.get("name"))
    loader, prepare = (beside(cloud, container, f"{name}-{part}") for part in ("secrets-loader", "prepare"))
    ended_well = prepare is not None and str(prepare.outputs.get("exitCode", 0)) in ("0", "0.0")
    uploads = (loader.inputs.get("uploads") or []) if loader else []
    return Told(
        image=str(container.inputs.get("image")),
        env=environment(container),
        files={str(one["file"]).removeprefix(FOLDER): str(one.get("content", "")) for one in uploads},
        prepared=[str(word) for word in prepare.inputs.get("entrypoints") or []] if prepare and ended_well else (),
    )
