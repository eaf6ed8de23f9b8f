"""One simulated provider over Pulumi's provider protocol: parses, asks `judge`, keeps the inventory, answers.

It knows no vendor: everything vendor-specific is in the tables of `sandbox.catalog` and the effects handed in.
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
from sandbox import judge
from sandbox.cloud import Inventory
from sandbox.faults import Faults
from sandbox.kinds import Package, ResourceType
from sandbox.outputs import (
    as_read,
    foreseen_outputs,
    foreseen_update,
    known_to_state,
    made_outputs,
    told_back,
)
from sandbox.records import Computing, Record
from sandbox.rules import Failure
from sandbox.schema import Schema
from sandbox.values import Props, contains_unknown, is_set, lookup

Effects = Callable[[str, Record, Record | None], None]
"""(what happened: created, updated, deleted; the record now; the record before): what the sandbox does in the
real world.
"""

_KINDS = {
    "add": (provider_pb2.PropertyDiff.ADD, provider_pb2.PropertyDiff.ADD_REPLACE),
    "delete": (provider_pb2.PropertyDiff.DELETE, provider_pb2.PropertyDiff.DELETE_REPLACE),
    "update": (provider_pb2.PropertyDiff.UPDATE, provider_pb2.PropertyDiff.UPDATE_REPLACE),
}


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """Serves one package to the engine. Each connection is one provider instance with its own configuration."""

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
        news, _ = _read(request.news)
        failures = [failure for rule in self._package.config for failure in rule.failures(news)]
        return provider_pb2.CheckResponse(inputs=request.news, failures=_told(failures))

    def DiffConfig(self, request: Any, context: grpc.ServicerContext) -> Any:
        old, _ = _read(request.old_inputs)
        new, _ = _read(request.news)
        changed = old != new
        return provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_SOME if changed else provider_pb2.DiffResponse.DIFF_NONE
        )

    def Configure(self, request: Any, context: grpc.ServicerContext) -> Any:
        hidden.forget()
        config, _ = _read(request.args)
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
        args, _ = _read(request.args)
        config = self._reached(context)
        failures = [failure for rule in function.rules for failure in rule.failures(args)]
        if failures:
            return provider_pb2.InvokeResponse(failures=_told(failures))
        try:
            answer = function.answer(args, self._cloud, config)
        except ValueError as error:
            self._abort(context, grpc.StatusCode.FAILED_PRECONDITION, str(error))
        secrets = [(name,) for name in function.secret_outputs if name in answer]
        response = provider_pb2.InvokeResponse()
        getattr(response, "return").CopyFrom(wire.write(answer, secrets))
        return response

    # -- resources -----------------------------------------------------------------------------------------------

    def Check(self, request: Any, context: grpc.ServicerContext) -> Any:
        kind = self._kind(request, context)
        inputs, secrets = _read(request.news)
        olds, _ = _read(request.olds)
        for name, value in kind.defaults.items():
            inputs.setdefault(name, value)
        if kind.named_by and kind.autoname and not is_set(lookup(inputs, kind.named_by)):
            old_name = olds.get(kind.named_by)
            inputs[kind.named_by] = old_name or kind.autoname(_name(request), request.randomSeed)
        failures = judge.refused_inputs(kind, self._schema, inputs)
        return provider_pb2.CheckResponse(inputs=wire.write(inputs, secrets), failures=_told(failures))

    def Diff(self, request: Any, context: grpc.ServicerContext) -> Any:
        kind = self._kind(request, context)
        old, _ = _read(request.old_inputs)
        state, _ = _read(request.olds)
        new, _ = _read(request.news)
        found = judge.changes(kind, known_to_state(kind, old, state), new, state, request.ignoreChanges)
        replacing = sorted({change.path for change in found if change.replaces})
        same_name = bool(kind.named_by) and lookup(old, kind.named_by) == lookup(new, kind.named_by)
        some, none = provider_pb2.DiffResponse.DIFF_SOME, provider_pb2.DiffResponse.DIFF_NONE
        return provider_pb2.DiffResponse(
            replaces=replacing,
            deleteBeforeReplace=bool(replacing) and (same_name or kind.delete_before_replace),
            changes=some if found else none,
            diffs=sorted({change.path for change in found}),
            hasDetailedDiff=True,
            detailedDiff={
                change.path: provider_pb2.PropertyDiff(kind=_KINDS[change.kind][change.replaces], inputDiff=True)
                for change in found
            },
        )

    def Create(self, request: Any, context: grpc.ServicerContext) -> Any:
        kind = self._kind(request, context)
        inputs, secrets = self._inputs(kind, request.properties)
        marks = secrets | {(name,) for name in kind.secret_outputs}
        if request.preview:
            return provider_pb2.CreateResponse(properties=wire.write(foreseen_outputs(kind, inputs), marks))
        config = self._reached(context)
        fault = self._faults.before("create", kind.token, context)
        self._refuse(context, judge.refused_by_cloud(kind, inputs, self._cloud, config))
        computing = self._computing(kind, inputs, config)
        self._refuse_existing(kind, computing, config, context)
        added = self._backend(context, kind.on_create, computing)
        if added and "id" in added:
            computing = replace(computing, id=str(added["id"]))
        outputs = as_read(kind, made_outputs(kind, computing, added), inputs)
        record = Record(
            id=computing.id,
            token=kind.token,
            inputs=inputs,
            outputs=outputs,
            urn=request.urn,
            scope=kind.scope(config) if kind.scope else "",
            secrets=marks,
        )
        if not kind.state_only:
            self._happened(context, "created", record, None)
            self._cloud.put(record)
        fault.after(context)
        return provider_pb2.CreateResponse(id=record.id, properties=wire.write(outputs, marks))

    def Read(self, request: Any, context: grpc.ServicerContext) -> Any:
        kind = self._kind(request, context)
        if kind.state_only:
            return self._read_state(kind, request, context)
        record = self._find(kind, request.id, context)
        if record is None:
            return provider_pb2.ReadResponse(id="")
        outputs = dict(record.outputs)
        inputs = {**record.inputs, **_of_inputs(kind, record)}
        if kind.on_read is not None:
            config = self._reached(context)
            seen = self._backend(context, kind.on_read, self._computing(kind, inputs, config, record))
            if seen is None:
                return provider_pb2.ReadResponse(id="")
            outputs.update(seen)
            inputs.update({name: seen[name] for name in inputs if name in seen})
        given, told = _read(request.inputs)
        inputs = self._as_given(kind, given, inputs)
        marks = record.secrets | told
        return provider_pb2.ReadResponse(
            id=record.id, properties=wire.write(outputs, marks), inputs=wire.write(inputs, marks)
        )

    def _as_given(self, kind: ResourceType, given: Props, inputs: Props) -> dict[str, Any]:
        """In the spelling of the program, where it means the same: that the vendor writes Liveness is no change."""
        read = self._schema.numbers(kind.token, given)
        return {name: given[name] if name in given and read[name] == it else it for name, it in inputs.items()}

    def _read_state(self, kind: ResourceType, request: Any, context: grpc.ServicerContext) -> Any:
        """Of what lives in Pulumi's state alone: the state itself, brought up to date where a real backend
        stands behind.
        """
        outputs, marks = _read(request.properties)
        inputs, input_marks = _read(request.inputs)
        if kind.on_read is not None:
            known = Record(id=request.id, token=kind.token, inputs=inputs or outputs, outputs=outputs)
            config = self._reached(context)
            seen = self._backend(context, kind.on_read, self._computing(kind, known.inputs, config, known))
            if seen is None:
                return provider_pb2.ReadResponse(id="")
            outputs.update(seen)
            inputs.update({name: told_back(inputs[name], seen[name]) for name in inputs if name in seen})
        identity = str(outputs.get("id", request.id))
        return provider_pb2.ReadResponse(
            id=identity, properties=wire.write(outputs, marks), inputs=wire.write(inputs, input_marks)
        )

    def Update(self, request: Any, context: grpc.ServicerContext) -> Any:
        kind = self._kind(request, context)
        inputs, secrets = self._inputs(kind, request.news)
        old_inputs, _ = self._inputs(kind, request.old_inputs)
        olds, old_marks = _read(request.olds)
        marks = (
            secrets
            | {(name,) for name in kind.secret_outputs}
            | {path for path in old_marks if path[0] in kind.computed}
        )
        self._refuse(context, judge.refused_changes(kind, old_inputs, inputs))
        if request.preview:
            foreseen = foreseen_update(kind, self._package, olds, old_inputs, inputs)
            return provider_pb2.UpdateResponse(properties=wire.write(foreseen, marks))
        config = self._reached(context)
        fault = self._faults.before("update", kind.token, context)
        record = None if kind.state_only else self._find(kind, request.id, context)
        if record is None and not kind.state_only:
            self._abort(
                context,
                grpc.StatusCode.NOT_FOUND,
                f"{request.id} does not exist (any more): run `pulumi refresh`",
            )
        self._refuse(context, judge.refused_by_cloud(kind, inputs, self._cloud, config, request.id))
        before = record or Record(id=request.id, token=kind.token, inputs=old_inputs, outputs=olds)
        computing = replace(self._computing(kind, inputs, config, before), old=before.outputs)
        update = kind.on_update
        was = {**old_inputs, **{name: olds[name] for name in kind.compares if name in olds}}
        added = self._backend(context, lambda one: update(one, was), computing) if update else None
        outputs = made_outputs(kind, computing, added)
        if record is not None:
            changed = replace(record, secrets=marks, **_holding(kind, record, computing, outputs))
            self._happened(context, "updated", changed, record)
            self._cloud.put(changed)
        fault.after(context)
        return provider_pb2.UpdateResponse(properties=wire.write(outputs, marks))

    def Delete(self, request: Any, context: grpc.ServicerContext) -> Any:
        kind = self._kind(request, context)
        config = self._reached(context)
        fault = self._faults.before("delete", kind.token, context)
        record = None if kind.state_only else self._find(kind, request.id, context)
        if record is None:
            if kind.state_only and kind.on_delete:
                inputs, _ = _read(request.old_inputs)
                self._backend(context, kind.on_delete, self._computing(kind, inputs, config))
            fault.after(context)
            return empty_pb2.Empty()
        for rule in kind.deletion:
            reason = rule.test({**record.inputs, "id": record.id}, self._cloud, config)
            if reason is not None:
                self._abort(
                    context,
                    grpc.StatusCode.FAILED_PRECONDITION,
                    f"{rule.code}: {reason}: {rule.sentence}".lstrip(": "),
                )
        if kind.stays is not None and kind.stays(record.inputs, self._cloud, config):
            fault.after(context)
            return empty_pb2.Empty()
        if kind.on_delete is not None:
            self._backend(context, kind.on_delete, self._computing(kind, record.inputs, config, record))
        for below in [*self._cloud.below(record), record]:
            self._happened(context, "deleted", below, below)
            self._cloud.remove(below)
        fault.after(context)
        return empty_pb2.Empty()

    # -- shared ----------------------------------------------------------------------------------------------------

    def _kind(self, request: Any, context: grpc.ServicerContext) -> ResourceType:
        hidden.forget()
        token = request.type or request.urn.split("::")[2].split("$")[-1]
        kind = self._types.get(token)
        if kind is None:
            known = ", ".join(sorted(self._types))
            self._abort(
                context,
                grpc.StatusCode.UNIMPLEMENTED,
                f"{token} is not simulated. Simulated here: {known}. Add its rules table to sandbox/catalog/",
            )
        return kind

    def _inputs(self, kind: ResourceType, struct: Any) -> tuple[dict[str, Any], wire.Secrets]:
        values, secrets = _read(struct)
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


def _holding(kind: ResourceType, record: Record, computing: Computing, outputs: Props) -> dict[str, Any]:
    """Inputs and outputs of what exists after an update: not all that the provider calls updated."""
    inputs = computing.inputs
    if kind.carried_out is None:
        return {"inputs": inputs, "outputs": outputs}
    holds = kind.carried_out(record.inputs, inputs)
    asked = {name: value for name, value in outputs.items() if name not in inputs}
    return {"inputs": holds, "outputs": as_read(kind, {**asked, **holds}, holds)}


def _of_inputs(kind: ResourceType, record: Record) -> dict[str, Any]:
    """Of what is written back in another form, that which was given."""
    written = kind.written_back(record.inputs) if kind.written_back else {}
    return {name: value for name, value in written.items() if name in record.inputs}


def _read(struct: Any) -> tuple[dict[str, Any], wire.Secrets]:
    """Plain values and the paths of secrets, which are hidden from then on in what this call says."""
    values, secrets = wire.read(struct)
    hidden.remember(values, secrets)
    return values, secrets


def _name(request: Any) -> str:
    return str(request.name or request.urn.split("::")[-1])


def _told(failures: Sequence[Failure]) -> list[Any]:
    """For the engine, which would print the whole value of a property that it is told of: so the path is in
    the reason.
    """
    return [
        provider_pb2.CheckFailure(reason=hidden.masked(f"{one.path}: {one.reason} (rule {one.rule})"))
        for one in failures
    ]
