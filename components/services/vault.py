"""Vault, or OpenBao: secrets of tenants and applications, with integrated storage, sealed whenever it starts.

Its unseal keys are in the keyring, never in a cloud: `./smos vault` makes, keeps and uses them. What is mounted in it
is the stack `access`. It is no development server: what it holds is on a volume, encrypted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pulumi import ComponentResource, Output, ResourceOptions

from components.placements import RunsContainers
from components.services.context import ServiceContext, ServiceOutputs
from components.workload import Health, Volume, Workload
from settings.images import Image
from settings.services import Vault as VaultSettings

__all__ = ["SOURCES", "Vault", "VaultArgs", "declare"]

_DOCS = "https://developer.hashicorp.com/vault/docs"

SOURCES: Mapping[str, str] = {
    "VAULT_ADDR": f"{_DOCS}/commands#environment-variables",
    "BAO_ADDR": "https://openbao.org/docs/commands/#environment-variables",
    "port": f"{_DOCS}/configuration/listener/tcp#address",
    "volumes": f"{_DOCS}/configuration/storage/raft#path",
    "user": "hashicorp/vault Dockerfile (adduser -S: 100; the program in it has no capability of its own)",
    "health": f"{_DOCS}/commands/status (0 unsealed, 1 error, 2 sealed)",
}
"""Who says so: a variable, the port, the volumes, the health check."""

PORT = 8200
CONFIG = "vault.json"
FLAVOURS: Mapping[str, tuple[str, str]] = {"vault": ("vault", "/vault/file"), "openbao": ("bao", "/openbao/file")}
"""Flavour → its program, and the folder that its image keeps for data."""


@dataclass(frozen=True, kw_only=True)
class VaultArgs:
    """Where it runs, and how large it may be."""

    placement: RunsContainers
    image: Image
    wanted: VaultSettings


class Vault(ComponentResource):
    """A running Vault, at `host` for what is in the same network. Healthy also while it is sealed."""

    host: Output[str]

    def __init__(self, name: str, args: VaultArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("smarteros:services:Vault", name, None, opts)
        running = args.placement.run(name, _workload(args), ResourceOptions(parent=self))
        self.host = running.host
        self.register_outputs({"host": self.host})


def _workload(args: VaultArgs) -> Workload:
    program, folder = FLAVOURS[args.wanted.flavour]
    # 0 is open, 2 is sealed: both work. Only an operator's keys open it, so the platform does not wait for that.
    status = f"{program} status > /dev/null; [ $? -ne 1 ]"
    return Workload(
        image=args.image.reference,
        port=PORT,
        health=Health(command=["CMD-SHELL", status], interval_s=10, start_s=60),
        cpu=0.5,
        memory_mb=args.wanted.memory_mb,
        # Not the image's own start: that is a development server unless told otherwise, and writes into the root.
        command=[program],
        args=["server", f"-config={Workload.SECRETS_FOLDER}/{CONFIG}"],
        env={"VAULT_ADDR": f"http://127.0.0.1:{PORT}", "BAO_ADDR": f"http://127.0.0.1:{PORT}"},
        secret_files={CONFIG: json.dumps(_config(args.wanted.flavour, folder), indent=2)},
        volumes=[Volume("data", folder, needs="posix"), Volume("tmp", "/tmp", needs="scratch")],  # noqa: S108 - inside
        # The user `vault`, or `openbao`, of the image.
        user="100:1000",
        read_only_root=True,
        access=["data"],
        operated=True,
        stop_timeout_s=30,
    )


def _config(flavour: str, folder: str) -> dict[str, Any]:
    config: dict[str, Any] = {
        "storage": {"raft": {"path": folder, "node_id": "vault-0"}},
        # Reached by SSH forwards and from a network that leads nowhere: see docs/adr/vault.md.
        "listener": {"tcp": {"address": f"0.0.0.0:{PORT}", "tls_disable": True}},
        "api_addr": f"http://127.0.0.1:{PORT}",
        "cluster_addr": "https://127.0.0.1:8201",
        # As the vendor advises for integrated storage; the container's memory is never swapped instead.
        "disable_mlock": True,
        "ui": False,
        "default_lease_ttl": "1h",
        "max_lease_ttl": "768h",
    }
    if flavour == "openbao":
        # Without it OpenBao takes audit devices from this file alone, and Vault from its API alone.
        config["unsafe_allow_api_audit_creation"] = True
    return config


def declare(ctx: ServiceContext, wanted: VaultSettings) -> ServiceOutputs:
    """Declares the service as its settings say, and returns what others may know of it."""
    vault = VaultArgs(
        placement=ctx.placement(wanted.placement), image=ctx.settings.image(wanted.flavour), wanted=wanted
    )
    Vault("vault", vault, ctx.inside(wanted.placement))
    return ServiceOutputs()
