"""Azure as a place: Container Apps, Flexible Server for PostgreSQL, storage accounts. The machines are Azure's."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Literal

from pydantic import Field

from settings.naming import Names
from settings.parts import Host, Name, PostgresSku
from settings.places.place import BlobPlace, ContainerPlace, DatabasePlace, Place, TooFew, place
from settings.postgres import AZURE_ADMIN
from settings.sizes import POSTGRES_CONNECTIONS, container_apps_size_problem

__all__ = ["AzureBlobs", "AzurePostgres", "OnAzure"]

_CALLED, _SECTION = "Azure", "azure"


@place
class OnAzure(ContainerPlace):
    """A service that runs in Azure."""

    where: Literal["azure"] = Field(description="Azure Container Apps, or Azure's own service")

    called: ClassVar[str] = _CALLED
    needs_section: ClassVar[str] = _SECTION
    preference: ClassVar[int] = 2
    runs_as: ClassVar[str] = "Azure Container Apps"
    no_files_because: ClassVar[str] = "Container Apps has none that is safe (SMB)"
    scales: ClassVar[bool] = True
    runs_queues: ClassVar[bool] = True
    overlaps_updates: ClassVar[bool] = True

    def size_problem(self, cpu: float, memory_mb: int) -> tuple[str, str] | None:
        """Container Apps takes certain pairs of CPU and memory only."""
        return container_apps_size_problem(cpu, memory_mb)


@place
class AzureBlobs(BlobPlace):
    """Blobs in a storage account of Azure."""

    where: Literal["azure"] = Field(description="Azure Container Apps, or Azure's own service")
    redundancy: Literal["Standard_LRS", "Standard_ZRS", "Standard_GRS"] = Field(
        "Standard_LRS", description="In how many places each blob lies"
    )
    keep_deleted_days: int = Field(30, ge=1, le=365, description="How long deleted and old versions are kept")

    called: ClassVar[str] = _CALLED
    needs_section: ClassVar[str] = _SECTION
    preference: ClassVar[int] = 2

    @property
    def deleted_kept_days(self) -> int | None:
        """For how many days a deleted blob can be brought back, as its settings say."""
        return self.keep_deleted_days


@place
class AzurePostgres(DatabasePlace):
    """A Flexible Server, which the operators and the program reach through a host's SSH server."""

    where: Literal["azure"] = Field(description="Azure Container Apps, or Azure's own service")
    through: Name = Field(description="The host through which the SSH forward goes; its address is let in")
    sku: PostgresSku = Field("Standard_B2s", description="The size of the server")
    storage_gb: Literal[32, 64, 128, 256, 512, 1024] = Field(32, description="Its disk; it can grow, never shrink")
    backup_retention_days: int = Field(14, ge=7, le=35, description="How far back a point in time can be restored")

    called: ClassVar[str] = _CALLED
    needs_section: ClassVar[str] = _SECTION
    admin: ClassVar[str] = AZURE_ADMIN
    managed: ClassVar[bool] = True

    @property
    def own_disk_gb(self) -> int | None:
        """As it was asked for: what it has grown by itself, the settings do not know."""
        return self.storage_gb

    @property
    def named_hosts(self) -> dict[str, str]:
        """The one that is let in."""
        return {"through": self.through}

    @property
    def described(self) -> str:
        """The server's size, as tables and messages name it."""
        return self.sku

    @property
    def connections(self) -> int:
        """What a server of that size takes."""
        return POSTGRES_CONNECTIONS[self.sku]

    @property
    def restorable_days(self) -> int | None:
        """To a point in time."""
        return self.backup_retention_days

    def too_few(self, wanted: int) -> TooFew:
        """A larger one, where there is one."""
        larger = [sku for sku, most in POSTGRES_CONNECTIONS.items() if most >= wanted]
        mend = f"one of: {', '.join(larger)}" if larger else "another server for some of them"
        return TooFew(key="sku", value=self.sku, beside="", mend=mend)

    def lets_in(self, here: Place) -> bool:
        """From Azure by its private endpoint, from the host that it lets in by its firewall."""
        return here.where == self.where or here.machine == self.through

    def forwarded(self, server: str, index: int, names: Names, hosts: Iterable[Host]) -> tuple[str, str]:
        """Its public name, from the host that is let in."""
        return self.through, f"{names.postgres_server(server)}.postgres.database.azure.com"
