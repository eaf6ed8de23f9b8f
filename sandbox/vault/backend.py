"""What stands behind containers that run Vault."""

from __future__ import annotations

from sandbox.core.backend import Backend, Site
from sandbox.docker.backing import BehindContainers
from sandbox.vault.server.containers import VaultContainers

__all__ = ["BACKEND"]


def BACKEND(site: Site) -> Backend:
    """One sandbox's."""
    return BehindContainers("vaults", VaultContainers(site.folder / "vaults", site.cloud))
