"""What a container of a simulated host was told: its variables, its secret files, and what prepared it."""

from __future__ import annotations

from sandbox.apps.server.stand_ins import Startup
from sandbox.core.inventory import Inventory
from sandbox.core.records import Record
from sandbox.docker.containers import beside, environment

__all__ = ["startup_of"]

FOLDER = "/run/secrets/"


def startup_of(cloud: Inventory, container: Record) -> Startup:
    """All of it, of the containers beside it that ran to their end before it."""
    name = str(container.inputs.get("name"))
    loader, prepare = (beside(cloud, container, f"{name}-{part}") for part in ("secrets-loader", "prepare"))
    ended_well = prepare is not None and str(prepare.outputs.get("exitCode", 0)) in ("0", "0.0")
    uploads = (loader.inputs.get("uploads") or []) if loader else []
    return Startup(
        image=str(container.inputs.get("image")),
        env=environment(container),
        files={str(one["file"]).removeprefix(FOLDER): str(one.get("content", "")) for one in uploads},
        prepared=[str(word) for word in prepare.inputs.get("entrypoints") or []] if prepare and ended_well else (),
    )
