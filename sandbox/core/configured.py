"""What every call to a simulated provider stands on: the package, the configuration of each connection, functions, and
how a refusal is said.
"""

from __future__ import annotations

import threading
import traceback
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NoReturn

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from engine import hidden, wire
from sandbox.core import judge
from sandbox.core.faults import Faults
from sandbox.core.inventory import Inventory
from sandbox.core.kinds import Package, ResourceType
from sandbox.core.records import Computing, Record
from sandbox.core.rules import Failure
from sandbox.core.schema import Schema
from sandbox.core.values import Props, contains_unknown, lookup

__all__ = ["ConfiguredProvider", "Effects", "check_failures", "read_struct"]

Effects = Callable[[str, Record, Record | None], None]
"""(what happened: created, updated, deleted; the record now; the record before): what the sandbox does in the
real world.
"""


class ConfiguredProvider(provider_pb2_grpc.ResourceProviderServicer):
    """One package. Each connection is one provider instance with its own configuration."""

    def __init__(
        self,
        package: Package,
        version: str,
        schema: Schema,
        cloud: Inventory,
        faults: Faults,
        effects: Effects,
    ) -> None:
        self._package = package
        self._version = version
        self._schema = schema
        self._cloud = cloud
        self._faults = faults
        self._effects = effects
        self._types = {kind.token: kind for kind in package.types}
        self._functions = {function.token: function for function in package.functions}
        self._configs: dict[str, Props] = {}
        self._lock = threading.Lock()

    # -- the provider itself -------------------------------------------------------------------------------------

    def Handshake(self, request: Any, context: grpc.ServicerContext) -> Any:
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True, accept_outputs=False)

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> Any:
        return plugin_pb2.PluginInfo(version=self._version)

    def Attach(self, request: Any, context: grpc.ServicerContext) -> Any:
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> Any:
        return empty_pb2.Empty()

    def CheckConfig(self, request: Any, context: grpc.ServicerContext) -> Any:
        hidden.forget()
        news, _ = read_struct(request.news)
        failures = [failure for rule in self._package.config for failure in rule.failures(news)]
        return provider_pb2.CheckResponse(inputs=request.news, failures=check_failures(failures))

    def DiffConfig(self, request: Any, context: grpc.ServicerContext) -> Any:
        old, _ = read_struct(request.old_inputs)
        new, _ = read_struct(request.news)
        changed = old != new
        return provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_SOME if changed else provider_pb2.DiffResponse.DIFF_NONE
        )

    def Configure(self, request: Any, context: grpc.ServicerContext) -> Any:
        hidden.forget()
        config, _ = read_struct(request.args)
        with self._lock:
            self._configs[context.peer()] = config
        self._reached(context)
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True, supportsPreview=True, acceptResources=True, acceptOutputs=False
        )

    def Invoke(self, request: Any, context: grpc.ServicerContext) -> Any:
        function = self._functions.get(request.tok)
        if function is None:
            self._abort(context, grpc.StatusCode.UNIMPLEMENTED, f"{request.tok} is not simulated")
        hidden.forget()
        args, _ = read_struct(request.args)
        config = self._reached(context)
        failures = [failure for rule in function.rules for failure in rule.failures(args)]
        if failures:
            return provider_pb2.InvokeResponse(failures=check_failures(failures))
        try:
            answer = function.answer(args, self._cloud, config)
        except ValueError as error:
            self._abort(context, grpc.StatusCode.FAILED_PRECONDITION, str(error))
        secrets = [(name,) for name in function.secret_outputs if name in answer]
        response = provider_pb2.InvokeResponse()
        getattr(response, "return").CopyFrom(wire.write(answer, secrets))
        return response

    # -- what the calls share ------------------------------------------------------------------------------------------

    def _kind(self, request: Any, context: grpc.ServicerContext) -> ResourceType:
        hidden.forget()
        token = request.type or request.urn.split("::")[2].split("$")[-1]
        kind = self._types.get(token)
        if kind is None:
            known = ", ".join(sorted(self._types))
            self._abort(
                context,
                grpc.StatusCode.UNIMPLEMENTED,
                f"{token} is not simulated. Simulated here: {known}. Add its rules table to its vendor in sandbox/",
            )
        return kind

    def _inputs(self, kind: ResourceType, struct: Any) -> tuple[dict[str, Any], wire.Secrets]:
        values, secrets = read_struct(struct)
        return dict(self._schema.numbers(kind.token, values)), secrets

    def _reached(self, context: grpc.ServicerContext) -> Props:
        """This connection's configuration, once the vendor can be reached with it."""
        config = self._configs.get(context.peer(), {})
        if self._package.connect is not None and not contains_unknown(config):
            problem = self._package.connect(config, self._cloud)
            if problem is not None:
                self._abort(context, grpc.StatusCode.UNAVAILABLE, problem)
        return config

    def _computing(self, kind: ResourceType, inputs: Props, config: Props, record: Record | None = None) -> Computing:
        name = str(lookup(inputs, kind.named_by)) if kind.named_by else ""
        if record is not None:
            return Computing(
                id=record.id, name=name, inputs=inputs, config=config, cloud=self._cloud, old=record.outputs
            )
        computing = Computing(id="", name=name, inputs=inputs, config=config, cloud=self._cloud)
        identity = judge.fill(kind.id, {**config, **inputs}) if isinstance(kind.id, str) else kind.id(computing)
        return replace(computing, id=identity or uuid.uuid4().hex)

    def _find(self, kind: ResourceType, identity: str, context: grpc.ServicerContext) -> Record | None:
        scope = kind.scope(self._configs.get(context.peer(), {})) if kind.scope else ""
        return self._cloud.exact(kind.token, scope, identity)

    def _refuse_existing(
        self, kind: ResourceType, computing: Computing, config: Props, context: grpc.ServicerContext
    ) -> None:
        if kind.state_only or kind.overwrites:
            return
        if self._cloud.exact(kind.token, kind.scope(config) if kind.scope else "", computing.id) is not None:
            self._abort(
                context,
                grpc.StatusCode.ALREADY_EXISTS,
                f"cannot create already existing resource {computing.id!r}: import it (`pulumi import {kind.token} "
                f"<name> {computing.id}`) or delete it",
            )

    def _backend(
        self, context: grpc.ServicerContext, act: Callable[[Computing], Any] | None, computing: Computing
    ) -> Any:
        if act is None:
            return None
        try:
            return act(replace(computing, instance=context.peer()))
        except Exception as error:  # a vendor's refusal, whatever its class, is the answer to the engine
            self._abort(context, grpc.StatusCode.FAILED_PRECONDITION, str(error).strip() or traceback.format_exc())

    def _happened(self, context: grpc.ServicerContext, what: str, record: Record, before: Record | None) -> None:
        try:
            self._effects(what, record, before)
        except Exception as error:  # likewise: the real thing behind the record refused
            self._abort(context, grpc.StatusCode.FAILED_PRECONDITION, str(error).strip() or traceback.format_exc())

    def _refuse(self, context: grpc.ServicerContext, failures: Sequence[Failure]) -> None:
        if failures:
            self._abort(
                context,
                grpc.StatusCode.INVALID_ARGUMENT,
                "; ".join(f"{one.path}: {one.reason} (rule {one.rule})" for one in failures),
            )

    @staticmethod
    def _abort(context: grpc.ServicerContext, code: grpc.StatusCode, text: str) -> NoReturn:
        context.abort(code, hidden.masked(text))
        raise AssertionError("abort returns never")


def read_struct(struct: Any) -> tuple[dict[str, Any], wire.Secrets]:
    """Plain values and the paths of secrets, which are hidden from then on in what this call says."""
    values, secrets = wire.read(struct)
    hidden.remember(values, secrets)
    return values, secrets


def check_failures(failures: Sequence[Failure]) -> list[Any]:
    """For the engine, which would print the whole value of a property that it is told of: so the path is in
    the reason.
    """
    return [
        provider_pb2.CheckFailure(reason=hidden.masked(f"{one.path}: {one.reason} (rule {one.rule})"))
        for one in failures
    ]
