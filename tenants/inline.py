"""One run of the engine on a program of this process: no language host, one start of the engine.

The SDK's own `Stack.up` starts the engine four times for the same. What is exported stays in the stack's state, where
`tenants.state` reads it. The SDK is imported while the engine starts: each takes as long as the other.
"""

from __future__ import annotations

import contextlib
import gc
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.engine_run import Outcome, run_with_events
from deploy.target import RunTarget
from engine import sdk_patches

if TYPE_CHECKING:
    import grpc

__all__ = ["Importing", "Program", "run_inline", "secluded"]

Program = Callable[[], None]
Importing = Callable[[], Program]
"""Imports what the program needs, and answers it. Called once, while the engine starts."""

_UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
_SERVICE = "/pulumirpc.LanguageRuntime/"
# Of each call that the SDK's server answers, the request's type: a name in one of the SDK's protocol modules.
_REQUESTS = {
    "GetPluginInfo": "google.protobuf.empty_pb2:Empty",
    "GetRequiredPackages": "pulumi.runtime.proto.language_pb2:GetRequiredPackagesRequest",
    "GetRequiredPlugins": "pulumi.runtime.proto.language_pb2:GetRequiredPluginsRequest",
    "About": "pulumi.runtime.proto.language_pb2:AboutRequest",
    "Run": "pulumi.runtime.proto.language_pb2:RunRequest",
}
_DECLARING = threading.Lock()
# A tenant has few resources: more at once only cost memory where many stacks run side by side.
_PARALLEL = "8"
_GARBAGE = {"GOGC": "off", "GOMEMLIMIT": "128MiB"}
"""The engine lives for half a second, and a tenth of its work would be looking for garbage: it looks when it has this
much, which no ordinary tenant's run has. One that needs more is slower, and ends all the same.
"""

_NO_COPIES = {"PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS": "true"}
"""The engine's own copies after each run, which nobody removes: `deploy.state` keeps one before each."""


def run_inline(
    place: RunTarget, folder: Path, command: str, stack: str, program: Importing, *arguments: str, quiet: bool
) -> Outcome:
    """`pulumi COMMAND` (up or preview) on the stack, with the program served from here."""
    with _served(program) as address:
        return run_with_events(
            secluded(place),
            folder,
            command,
            *("--stack", stack, "--client", address, "--exec-kind", "auto.inline", "--parallel", _PARALLEL),
            *arguments,
            capture=quiet,
        )


def secluded(place: RunTarget) -> RunTarget:
    """The run target without the options that lead the plain CLI into another project, for a short run."""
    kept = {name: value for name, value in place.environ.items() if not name.startswith("PULUMI_OPTION_")}
    return replace(place, environ={**_GARBAGE, **_NO_COPIES, **kept})


@contextlib.contextmanager
def _served(program: Importing) -> Iterator[str]:
    """Answers the engine's calls for the block; the address at which."""
    import grpc

    server: Any = grpc.server(ThreadPoolExecutor(max_workers=4), options=_UNLIMITED)
    late = _Late(program)
    server.add_generic_rpc_handlers((_handlers(late),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    threading.Thread(target=late.begin, daemon=True).start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(0)


class _Late:
    """The SDK's own server of a program, imported in a thread of its own; the engine's first call waits for it."""

    def __init__(self, program: Importing) -> None:
        self._program = program
        self._server: Any = None
        self._once = threading.Lock()

    def begin(self) -> None:
        """Imports it. What fails is told by the engine's first call, which tries again."""
        with contextlib.suppress(Exception):
            self._ready()

    def answer(self, method: str, request: bytes, context: grpc.ServicerContext) -> bytes:
        """One call of the engine."""
        from importlib import import_module

        module, _, name = _REQUESTS[method].partition(":")
        server = self._ready()
        message = getattr(import_module(module), name).FromString(request)
        return bytes(getattr(server, method)(message, context).SerializeToString())

    def _ready(self) -> Any:
        with self._once:
            if self._server is None:
                with _without_collection(), _DECLARING:
                    from pulumi.automation._server import LanguageServer

                    sdk_patches.apply()
                    self._server = LanguageServer(_one_at_a_time(self._program()))
        return self._server


def _handlers(late: _Late) -> Any:
    import grpc

    def handler(method: str) -> Any:
        return grpc.unary_unary_rpc_method_handler(
            lambda request, context: late.answer(method, request, context)  # bytes: the messages' types come later
        )

    class Handlers(grpc.GenericRpcHandler):  # type: ignore[type-arg,unused-ignore] # generic in the stubs alone
        """The calls that the SDK answers; the engine takes any other's absence well."""

        def service(self, call: grpc.HandlerCallDetails) -> Any:
            method = str(call.method).removeprefix(_SERVICE)
            return handler(method) if method in _REQUESTS else None

    return Handlers()


def _one_at_a_time(program: Program) -> Program:
    """The vendors' SDKs load their parts when they are first used; another thread sees them half loaded. Declaring is
    Python alone, of which one thread runs at a time anyway.
    """

    def declare() -> None:
        with _DECLARING:
            program()

    return declare


@contextlib.contextmanager
def _without_collection() -> Iterator[None]:
    """Without garbage collection, which would take 40 % of the SDKs' import."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
