"""Files and backups of the platform, as blobs. Who may read which of them is granted elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

from pulumi import ComponentResource, Output, ResourceOptions

from components.placements import KeepsBlobs
from components.services.context import ServiceContext, ServiceOutputs
from settings.services import Storage as StorageSettings

__all__ = ["Storage", "StorageArgs", "declare"]


@dataclass(frozen=True, kw_only=True)
class StorageArgs:
    """The placement that keeps the blobs."""

    placement: KeepsBlobs


class Storage(ComponentResource):
    """Containers of blobs, below `url`."""

    url: Output[str]
    for_tenants: Output[dict[str, str]]

    def __init__(self, name: str, args: StorageArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("smarteros:services:Storage", name, None, opts)
        store = args.placement.object_store(name, ResourceOptions(parent=self))
        self.url = store.url
        self.for_tenants = Output.all(**store.for_tenants)
        self.register_outputs({"url": self.url})


def declare(ctx: ServiceContext, wanted: StorageSettings) -> ServiceOutputs:
    """Declares the service as its settings say, and returns what others may know of it."""
    where = wanted.placement
    store = Storage("storage", StorageArgs(placement=ctx.places.blobs(where)), ctx.inside(where))
    return ServiceOutputs(url=store.url, blobs=store.for_tenants)
