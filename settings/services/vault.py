"""What Vault may be told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field, ValidationInfo, field_validator

from settings.images import Image
from settings.places import Accepts, ContainerPlace
from settings.problems import fault
from settings.services.service import Container, Operated, Service
from settings.services.upgrades import Majors, UpgradeRules

__all__ = ["Vault"]


def _rules(vendor: str, example: str, source: str) -> UpgradeRules:
    return UpgradeRules(
        tags=r"(?P<v1>\d+)\.(?P<v2>\d+)\.(?P<v3>\d+)",
        example=example,
        restored_running=True,
        afterwards="./smos vault unseal STACK: it starts sealed",
        majors=Majors(
            at_most=1,
            why=f"{vendor} has the changes of each major in between reviewed, and their prerequisites met, on the way",
            way="one major after the other",
            source=source,
        ),
        one_way="the data is brought forward when it is opened, and an older one can't read it: back leads a "
        "snapshot alone",
        one_way_source=source,
    )


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
        "vault": Image(
            name="hashicorp/vault",
            tag="2.0.4",
            digest=None,
        ),
        "openbao": Image(
            name="openbao/openbao",
            tag="2.6.2",
            digest=None,
        ),
    }
    upgrades: ClassVar[Mapping[str, UpgradeRules]] = {
        "vault": _rules(
            "HashiCorp", "2.0.4", "https://developer.hashicorp.com/vault/docs/upgrade, and its page rollback"
        ),
        "openbao": _rules("OpenBao", "2.6.2", "openbao/openbao website/content/docs/upgrading/index.mdx"),
    }
    operated: ClassVar[Operated | None] = Operated(address=100, port=8200, local_port=40)

    def main_image(self) -> str:
        """Of the flavour that runs: the data of one is not the other's."""
        return self.flavour

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
