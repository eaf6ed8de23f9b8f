"""Stands between the engine and a policy pack until the pack may start.

A pack written with pulumi-policy reads its project, stack and config from the environment when it is
imported, but the engine tells them only later, with ConfigureStack. So the host answers Handshake and
ConfigureStack itself, starts the pack then, and passes every other call on as bytes. Of policies it
knows one thing: whether any of them changes resources. The engine asks so of each resource, and where
none does the answer is the same each time.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import grpc
from pulumi.runtime.proto import analyzer_pb2

__all__ = ["PolicyProxy", "stack_environment"]

if TYPE_CHECKING:
    _Handler = grpc.GenericRpcHandler[bytes, bytes]
    _Method = grpc.RpcMethodHandler[bytes, bytes]
else:  # generic in the type stubs only
    _Handler = grpc.GenericRpcHandler

ANALYZER = "/pulumirpc.Analyzer/"
START_TIMEOUT_S = 60.0
UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


def stack_environment(request: bytes) -> dict[str, str]:
    """What the SDK of a pack expects in its environment, from ConfigureStack's request."""
    asked = analyzer_pb2.AnalyzerStackConfigureRequest.FromString(request)
    return {
        "PULUMI_ORGANIZATION": asked.organization or "organization",
        "PULUMI_PROJECT": asked.project,
        "PULUMI_STACK": asked.stack,
        "PULUMI_DRY_RUN": "true" if asked.dry_run else "false",
        "PULUMI_CONFIG": json.dumps(dict(asked.config)),
        "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(asked.config_secret_keys)),
    }


class PolicyProxy(_Handler):
    """One pack: `start` is called once, with the stack's environment, and returns the pack's port."""

    def __init__(self, start: Callable[[dict[str, str]], int]) -> None:
        self._start = start
        self._once = threading.Lock()
        self._channel: grpc.Channel | None = None
        self._failure: Exception | None = None
        self._configuration: bytes | None = None
        self._calls: dict[str, Callable[[bytes], bytes]] = {}
        self._changes = True  # until it is known that no policy changes a resource
        self._server = grpc.server(ThreadPoolExecutor(max_workers=8), options=UNLIMITED)
        self._server.add_generic_rpc_handlers((self,))
        self.port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()

    def close(self) -> None:
        """End the proxy; the pack's process belongs to who started it."""
        self._server.stop(0)
        if self._channel is not None:
            self._channel.close()

    def service(self, call: grpc.HandlerCallDetails) -> _Method | None:
        """Route one call: the two that are answered here, all others to the pack."""
        method: str = call.method
        if not method.startswith(ANALYZER):
            return None
        if method == ANALYZER + "Handshake":
            return grpc.unary_unary_rpc_method_handler(lambda request, context: b"")
        if method == ANALYZER + "ConfigureStack":
            return grpc.unary_unary_rpc_method_handler(self._configure_stack)
        if method in (ANALYZER + "GetAnalyzerInfo", ANALYZER + "Configure"):
            return grpc.unary_unary_rpc_method_handler(lambda request, context: self._look(method, request, context))
        if method == ANALYZER + "Remediate" and not self._changes:
            return grpc.unary_unary_rpc_method_handler(lambda request, context: b"")
        return grpc.unary_unary_rpc_method_handler(lambda request, context: self._forward(method, request, context))

    def _configure_stack(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        self._configuration = request
        self._pack(context)
        return self._forward(ANALYZER + "ConfigureStack", request, context, or_else=b"")

    def _look(self, method: str, request: bytes, context: grpc.ServicerContext) -> bytes:
        answer = self._forward(method, request, context)
        if method == ANALYZER + "GetAnalyzerInfo":
            info = analyzer_pb2.AnalyzerInfo.FromString(answer)
            levels = [one.enforcementLevel for one in info.policies]
            levels += [one.enforcementLevel for one in info.initialConfig.values()]
            self._changes = analyzer_pb2.REMEDIATE in levels
        else:
            configured = analyzer_pb2.ConfigureAnalyzerRequest.FromString(request).policyConfig.values()
            self._changes |= any(one.enforcementLevel == analyzer_pb2.REMEDIATE for one in configured)
        return answer

    def _forward(
        self, method: str, request: bytes, context: grpc.ServicerContext, or_else: bytes | None = None
    ) -> bytes:
        try:
            call = self._calls.get(method)
            if call is None:
                call = self._calls[method] = self._pack(context).unary_unary(method, None, None)
            answer: bytes = call(request)
        except grpc.RpcError as error:
            if error.code() is grpc.StatusCode.UNIMPLEMENTED and or_else is not None:
                return or_else
            context.abort(error.code(), error.details() or "")
            raise
        return answer

    def _pack(self, context: grpc.ServicerContext) -> grpc.Channel:
        with self._once:
            if self._channel is None and self._failure is None:
                env = {} if self._configuration is None else stack_environment(self._configuration)
                try:
                    port = self._start(env)
                    self._channel = grpc.insecure_channel(f"127.0.0.1:{port}", options=UNLIMITED)
                    grpc.channel_ready_future(self._channel).result(START_TIMEOUT_S)
                except Exception as error:
                    self._failure = error
        if self._failure is not None or self._channel is None:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, f"{self._failure}")
            raise RuntimeError("unreachable: abort raises")
        return self._channel
