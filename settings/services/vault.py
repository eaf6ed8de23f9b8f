"""What Vault may be told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field, ValidationInfo, field_validator

from settings.images import Image
from settings.places import Accepts, ContainerPlace
from settings.problems import fault
from settings.services.service import Container, Operated, Service

__all__ = ["Vault"]


class Vault(Service):
    """Secrets of tenants and applications, unsealed with keys of the keyring."""

    placement: Annotated[ContainerPlace, Accepts(ContainerPlace, ("persists_files", "fixed_addresses"))] = Field(
        description="Where it runs"
    )
    flavour: Literal["vault", "openbao"] = Field("vault", description="HashiCorp's Vault, or its open fork OpenBao")
    memory_mb: int = Field(512, ge=256, description="How much memory the container may use, in MB")
    key_shares: int = Field(5, ge=1, le=20, description="Into how many shares the key that opens it is split")
    key_threshold: int = Field(3, ge=1, le=20, description="How many of the shares open it")

    @field_validator("key_threshold")
    @classmethod
    def _reachable(cls, value: int, info: ValidationInfo) -> int:
        shares = int(info.data.get("key_shares", value))
        if value > shares:
            raise fault(f"there are only {shares} shares", "at most keyShares")
        if value == 1 and shares > 1:
            raise fault("one share alone would open it", "2 or more, or keyShares: 1")
        return value

    port: ClassVar[int | None] = 8200
    images: ClassVar[Mapping[str, Image]] = {
        "vault": Image(name="hashicorp/vault", tag="2.0.4"),
        "openbao": Image(name="openbao/openbao", tag="2.6.2"),
    }
    operated: ClassVar[Operated | None] = Operated(address=100, port=8200, local_port=40)

    def footprint(self, name: str) -> tuple[Container, ...]:
        """The one container that Vault is."""
        return (
            Container(
                name=name,
                cpu=0.5,
                memory_mb=self.memory_mb,
                min_cpu=0.2,
                min_memory_mb=256,
                disk_mb=2048,
                source="hashicorp/vault-helm values.yaml (commented example): 256Mi and 250m",
            ),
        )
