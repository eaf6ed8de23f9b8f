"""What a place can do: run containers, run PostgreSQL, keep blobs, run queues. A placement is those of the four that
its vendor offers, and no other; it keeps what a service asks for, or refuses it before it declares anything of it.

The rest of the program sees only what is here; which placement a service has is answered by `Places`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from pulumi import Input, Output, ProviderResource, Resource, ResourceOptions, RunError

from components.workload import Workload
from settings.parts import ManagedRedis
from settings.places import Place

__all__ = [
    "DatabaseServer",
    "KeepsBlobs",
    "ObjectStore",
    "Places",
    "QueueServer",
    "Refusal",
    "Running",
    "RunsContainers",
    "RunsPostgres",
    "RunsQueues",
]


class Refusal(RunError):  # so that the engine shows the message, and no traceback
    """What a placement can't do: which workload, which field, why, and the mend."""

    def __init__(self, name: str, field: str, why: str, mend: str) -> None:
        super().__init__(f"{name}/{field}: {why}. Fix: {mend}")


@dataclass(frozen=True, kw_only=True)
class Running:
    """A workload that a placement has declared: where others reach it."""

    resource: Resource
    host: Output[str]
    port: int | None
    url: Output[str] | None


@dataclass(frozen=True, kw_only=True)
class DatabaseServer:
    """A PostgreSQL server: how services beside it connect, and what its administrator may do.

    Operators and the program itself reach it through the SSH forward on `local_port`.
    """

    name: str
    resource: Resource
    host: Output[str]
    port: int
    admin_user: str
    admin_is_superuser: bool
    tls: bool
    local_port: int


@dataclass(frozen=True, kw_only=True)
class ObjectStore:
    """Files, as blobs in containers."""

    resource: Resource
    url: Output[str]
    containers: Sequence[str]
    for_tenants: Mapping[str, Input[str]]
    """How others make containers in it: `kind` and what that kind needs (tenants.platform.Blobs). No secret."""


@dataclass(frozen=True, kw_only=True)
class QueueServer:
    """A Redis of the place itself: it evicts nothing, and is reached by what runs there alone, as its default user."""

    resource: Resource
    host: Output[str]
    port: int
    tls: bool
    password: Output[str]


@runtime_checkable
class RunsContainers(Protocol):
    """A place where services run."""

    def run(self, name: str, workload: Workload, opts: ResourceOptions) -> Running:
        """Declares what it takes to run a workload here. Raises Refusal, before anything is declared, for what can't
        be kept.
        """


@runtime_checkable
class RunsPostgres(Protocol):
    """A place where PostgreSQL servers run."""

    def database_server(
        self, name: str, server: str, admin_password: Input[str], opts: ResourceOptions
    ) -> DatabaseServer:
        """Run a PostgreSQL server: `server` is its name in the settings."""


@runtime_checkable
class KeepsBlobs(Protocol):
    """A place where files lie as blobs."""

    def object_store(self, name: str, opts: ResourceOptions) -> ObjectStore:
        """Keep the files of the settings' services/storage."""


@runtime_checkable
class RunsQueues(Protocol):
    """A place where a service can have a Redis for itself alone."""

    def queue_server(self, name: str, size: ManagedRedis, opts: ResourceOptions) -> QueueServer:
        """Run a Redis for queues."""


class Places(Protocol):
    """The places of an environment (chosen.MadePlaces). Who asks one for what it can't do gets a Refusal."""

    def inside(self, where: Place | None = None, *more: ProviderResource) -> ResourceOptions:
        """Options of a part of the system: its child, with the providers of the place where it is."""

    def containers(self, where: Place) -> RunsContainers:
        """The placement in which a service's containers run."""

    def postgres(self, where: Place) -> RunsPostgres:
        """Where a database server runs."""

    def blobs(self, where: Place) -> KeepsBlobs:
        """The placement that keeps files."""

    def queues(self, where: Place) -> RunsQueues:
        """Where a service gets a Redis of its own."""
