"""Services of gRPC that are loaded when they are first called: the engine starts meanwhile, and many runs need none.

What is served is a service's own generated code, which each `add` registers as with any server. Calls of one message
and one answer alone: the engine makes no others of what is served here.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import grpc

__all__ = ["LateService", "serving"]

_OPTIONS = [
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.so_reuseport", 0),
]
_STOPPED_S = 10


class LateService:
    """One service: loaded once, at its first call or when somebody asks for it."""

    def __init__(self, name: str, add: Callable[[Any], None], calls: Collection[str] = ()) -> None:
        """`name`: in full, as in pulumirpc.Analyzer. `add`: loads it, and registers it with a server. `calls`: those
        that it answers, where it is not all; any other is told to be unknown at once.
        """
        self._prefix = f"/{name}/"
        self._add = add
        self._calls = calls
        self._handlers: list[Any] = []
        self._once = threading.Lock()

    def load(self) -> None:
        """Loads it. What fails is told to who calls next, for whom it is tried again."""
        with contextlib.suppress(Exception):
            self._loaded()

    def answers(self, method: str) -> bool:
        """Whether a call, by its whole name, is one of this service's."""
        return method.startswith(self._prefix) and (not self._calls or method.removeprefix(self._prefix) in self._calls)

    def answer(self, call: grpc.HandlerCallDetails, request: bytes, context: grpc.ServicerContext) -> bytes:
        """One call. The message's type is known only now."""
        import grpc

        found = next((one for each in self._loaded() if (one := each.service(call))), None)
        if found is None or found.unary_unary is None:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, f"{call.method} is not served here")
            raise RuntimeError("unreachable: abort raises")
        answer = found.unary_unary(found.request_deserializer(request), context)
        return bytes(found.response_serializer(answer))

    def _loaded(self) -> list[Any]:
        with self._once:
            if not self._handlers:
                added = _Added()
                self._add(added)
                self._handlers = added.handlers
        return self._handlers


class _Added:
    """Takes what would be registered with a server."""

    def __init__(self) -> None:
        self.handlers: list[Any] = []

    def add_generic_rpc_handlers(self, handlers: Any) -> None:
        """As a server has it."""
        self.handlers += handlers

    def add_registered_method_handlers(self, service: str, handlers: Any) -> None:
        """As a server has it; the same again, by name."""


@contextlib.contextmanager
def serving(services: tuple[LateService, ...], threads: int) -> Iterator[int]:
    """Answers calls of these services for the block, to this machine alone; at which port."""
    import grpc

    class Handlers(grpc.GenericRpcHandler):  # type: ignore[type-arg,unused-ignore] # generic in the stubs alone
        def service(self, call: grpc.HandlerCallDetails) -> Any:
            for one in services:
                if one.answers(str(call.method)):
                    return grpc.unary_unary_rpc_method_handler(
                        lambda request, context, one=one: one.answer(call, request, context)
                    )
            return None

    server: Any = grpc.server(ThreadPoolExecutor(max_workers=threads), options=_OPTIONS)
    server.add_generic_rpc_handlers((Handlers(),))
    port = int(server.add_insecure_port("127.0.0.1:0"))
    server.start()
    try:
        yield port
    finally:
        server.stop(0).wait(_STOPPED_S)
