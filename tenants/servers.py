"""What every run of the engine on a tenant speaks to, served once, by this process: the provider `provider/`, the
policies.

Started afresh for each tenant, the one would cost 0.15 s of a processor and the other half a second. Both tell the
runs apart by their connections. What they need is imported when the engine first asks.
"""

from __future__ import annotations

import contextlib
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.target import RunTarget

if TYPE_CHECKING:
    import grpc

__all__ = ["Served", "served"]

PROVIDER = "smarteros-apps"
_ATTACHED = "PULUMI_DEBUG_PROVIDERS"
_THREADS = 32
_OPTIONS = [
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.so_reuseport", 0),
]


@dataclass(frozen=True)
class Served:
    """How the engine finds them."""

    place: RunTarget
    """The run target in which the engine attaches to the provider."""
    policy_pack: Path
    """What the engine takes as a policy pack: a program that only prints where the policies are served."""


@contextlib.contextmanager
def served(place: RunTarget) -> Iterator[Served]:
    """Serves them for the block, to the engines of this machine alone."""
    import grpc

    server: Any = grpc.server(ThreadPoolExecutor(max_workers=_THREADS), options=_OPTIONS)
    server.add_generic_rpc_handlers(
        (_late("/pulumirpc.ResourceProvider/", _provider), _late("/pulumirpc.Analyzer/", _policies))
    )
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        with tempfile.TemporaryDirectory(dir=place.scratch) as folder:
            pack = Path(folder) / "policies"
            pack.write_text(f"#!/bin/sh\necho {port}\n")
            pack.chmod(0o700)
            yield Served(replace(place, environ=_attached(place.environ, port)), pack)
    finally:
        server.stop(0).wait()


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


class _Added:
    """Takes what would be added to a server."""

    def __init__(self) -> None:
        self.handlers: list[Any] = []

    def add_generic_rpc_handlers(self, handlers: Any) -> None:
        """As a server has it."""
        self.handlers += handlers

    def add_registered_method_handlers(self, service: str, handlers: Any) -> None:
        """As a server has it; the same again, by name."""


def _late(prefix: str, add: Callable[[Any], None]) -> Any:
    """The handlers of a service, imported at its first call."""
    import grpc

    class Late(grpc.GenericRpcHandler):  # type: ignore[type-arg,unused-ignore] # generic in the stubs alone
        def __init__(self) -> None:
            self._added = _Added()
            self._once = threading.Lock()

        def service(self, call: grpc.HandlerCallDetails) -> Any:
            if not str(call.method).startswith(prefix):
                return None
            with self._once:
                if not self._added.handlers:
                    add(self._added)
            return next((found for one in self._added.handlers if (found := one.service(call))), None)

    return Late()
