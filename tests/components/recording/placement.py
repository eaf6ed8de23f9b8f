"""A placement that can all four things, and does none: a component stands for each, with all that was asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pulumi import ComponentResource, Input, Output, ProviderResource, Resource, ResourceOptions

from components.placements import DatabaseServer, ObjectStore, QueueServer, Running
from components.placements.kind import Kind, Providers
from components.secrecy import secret
from components.workload import Sidecar, Workload
from settings import Settings
from settings.parts import ManagedRedis
from settings.places import narrowed
from tests.components.recording.settings import RecordedBlobs, RecordedPostgres

__all__ = ["CONTAINER", "RECORDING", "Recorder"]

CONTAINER = "smarteros:recording:Container"


@dataclass(frozen=True, kw_only=True)
class RecordArgs:
    """What stands for what, and what was asked for it."""

    kind: str
    asked: Mapping[str, Any]


class Record(ComponentResource):
    """One thing that was asked for."""

    name: Output[str]

    def __init__(self, name: str, args: RecordArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__(f"smarteros:recording:{args.kind}", name, dict(args.asked), opts)
        self.name = Output.from_input(name)
        self.register_outputs({"name": self.name})


class Recorder:
    """Where nothing runs."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def run(self, name: str, workload: Workload, opts: ResourceOptions) -> Running:
        """A record of the container, of each sidecar, and of what runs before it."""
        main = Record(name, RecordArgs(kind="Container", asked=_main(workload)), opts)
        for sidecar in workload.sidecars:
            Record(f"{name}-{sidecar.name}", RecordArgs(kind="Container", asked=_beside(workload, sidecar)), opts)
        if workload.prepare:
            asked = {**_main(workload), "command": list(workload.prepare), "hostname": None, "passing": True}
            Record(f"{name}-prepare", RecordArgs(kind="Container", asked=asked), opts)
        url = Output.from_input(f"https://{workload.hostname}") if workload.hostname else None
        return Running(resource=main, host=main.name, port=workload.port, url=url)

    def database_server(
        self, name: str, server: str, admin_password: Input[str], opts: ResourceOptions
    ) -> DatabaseServer:
        """A record of the server."""
        where = narrowed(RecordedPostgres, self._settings.database_server(server).placement)
        asked = {"server": server, "through": where.through, "password": secret(admin_password)}
        record = Record(f"{name}-record", RecordArgs(kind="Postgres", asked=asked), opts)
        return DatabaseServer(
            name=server,
            resource=record,
            host=record.name,
            port=5432,
            admin_user=where.admin,
            admin_is_superuser=True,
            tls=True,
            local_port=self._settings.forward(server).local_port,
        )

    def object_store(self, name: str, opts: ResourceOptions) -> ObjectStore:
        """A record of the containers."""
        wanted = self._settings.services.storage
        assert wanted is not None
        narrowed(RecordedBlobs, wanted.placement)
        record = Record(f"{name}-record", RecordArgs(kind="Blobs", asked={"containers": list(wanted.containers)}), opts)
        url = Output.concat("https://", record.name)
        return ObjectStore(
            resource=record, url=url, containers=wanted.containers, for_tenants={"kind": "recording", "prefix": name}
        )

    def queue_server(self, name: str, size: ManagedRedis, opts: ResourceOptions) -> QueueServer:
        """A record of the Redis."""
        record = Record(f"{name}-record", RecordArgs(kind="Redis", asked={"sku": size.sku}), opts)
        return QueueServer(
            resource=record, host=record.name, port=6379, tls=False, password=secret(Output.from_input("recorded"))
        )


def _main(workload: Workload) -> dict[str, Any]:
    return {
        "image": workload.image,
        "cpu": workload.cpu,
        "memoryMb": workload.memory_mb,
        "hostname": workload.hostname,
        "port": workload.port,
        "health": workload.health.http_path or list(workload.health.command),
        "env": dict(workload.env),
        "secrets": {key: secret(value) for key, value in {**workload.secrets, **workload.secret_files}.items()},
        "passing": False,
    }


def _beside(workload: Workload, sidecar: Sidecar) -> dict[str, Any]:
    shared = {key: workload.env[key] for key in sidecar.shares if key in workload.env}
    return {
        "image": sidecar.image,
        "cpu": sidecar.cpu,
        "memoryMb": sidecar.memory_mb,
        "health": sidecar.health.http_path,
        "env": {**sidecar.env, **shared},
        "secrets": {key: secret(workload.secrets[key]) for key in sidecar.shares if key in workload.secrets},
        "passing": False,
    }


def _providers(settings: Settings, parent: Resource) -> Mapping[str, ProviderResource]:
    """None is needed."""
    return {}


def _placements(settings: Settings, parent: Resource, providers: Providers) -> Mapping[str, Recorder]:
    """One."""
    return {"": Recorder(settings)}


RECORDING = Kind(where="recording", providers=_providers, placements=_placements)
