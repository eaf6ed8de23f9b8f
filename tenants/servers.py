"""What every run of the engine on a tenant speaks to, served once, by this process: the provider `provider/`, the
policies.

Started afresh for each tenant, the one would cost 0.15 s of a processor and the other half a second. Both tell the
runs apart by their connections. What they need is imported when the engine first asks.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from deploy.policies import PACK
from deploy.target import RunTarget
from engine.sdk_patches.policies import has_analyzer
from tenants.late_grpc import LateService, serving

__all__ = ["Served", "served"]

PROVIDER = "smarteros-apps"
_ATTACHED = "PULUMI_DEBUG_PROVIDERS"
_THREADS = 32


@dataclass(frozen=True)
class Served:
    """How the engine finds them."""

    place: RunTarget
    """The run target in which the engine attaches to the provider."""
    policy_pack: Path
    """What the engine takes as a policy pack: a program that only prints where the policies are served, or the pack."""


@contextlib.contextmanager
def served(place: RunTarget) -> Iterator[Served]:
    """Serves them for the block, to the engines of this machine alone. Where the policies' SDK can't judge many runs in
    one process, each run starts a pack of its own.
    """
    services = (
        LateService("pulumirpc.ResourceProvider", _provider),
        LateService("pulumirpc.Analyzer", _policies),
    )
    with (
        serving(services, _THREADS) as port,
        tempfile.TemporaryDirectory(dir=place.scratch) as folder,
    ):
        pack = Path(folder) / "policies"
        pack.write_text(f"#!/bin/sh\necho {port}\n")
        pack.chmod(0o700)
        yield Served(
            replace(place, environ=_attached(place.environ, port)),
            pack if has_analyzer() else PACK,
        )


def _attached(environ: Mapping[str, str], port: int) -> dict[str, str]:
    others = [one for one in environ.get(_ATTACHED, "").split(",") if one and one.partition(":")[0] != PROVIDER]
    return {**environ, _ATTACHED: ",".join([*others, f"{PROVIDER}:{port}"])}


def _provider(server: Any) -> None:
    from pulumi.runtime.proto import provider_pb2_grpc

    from provider.server import RESOURCE_TYPES
    from provider.servicer import Provider

    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Provider(RESOURCE_TYPES), server)


def _policies(server: Any) -> None:
    from pulumi.runtime.proto import analyzer_pb2_grpc

    from policy.warm import WarmPack

    analyzer_pb2_grpc.add_AnalyzerServicer_to_server(WarmPack(), server)
