"""One simulated provider over Pulumi's provider protocol: parses, asks `judge`, keeps the inventory, answers.

It knows no vendor: everything vendor-specific is in the tables of the vendors and the effects handed in.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2

from engine import wire
from sandbox.core import judge
from sandbox.core.configured import ConfiguredProvider, Effects, check_failures, read_struct
from sandbox.core.inventory import Inventory
from sandbox.core.kinds import Package, ResourceType
from sandbox.core.outputs import (
    as_read,
    as_written_back,
    foreseen_outputs,
    foreseen_update,
    known_to_state,
    made_outputs,
)
from sandbox.core.records import Computing, Record
from sandbox.core.values import Props, is_set, lookup

__all__ = ["Effects", "Provider"]

_KINDS = {
    "add": (provider_pb2.PropertyDiff.ADD, provider_pb2.PropertyDiff.ADD_REPLACE),
    "delete": (provider_pb2.PropertyDiff.DELETE, provider_pb2.PropertyDiff.DELETE_REPLACE),
    "update": (provider_pb2.PropertyDiff.UPDATE, provider_pb2.PropertyDiff.UPDATE_REPLACE),
}


class Provider(ConfiguredProvider):
    """Serves one package's resources to the engine."""

    def Check(self, request: Any, context: grpc.ServicerContext) -> Any:
        kind = self._kind(request, context)
        inputs, secrets = read_struct(request.news)
        olds, _ = read_struct(request.olds)
        for name, value in kind.defaults.items():
            inputs.setdefault(name, value)
        if kind.named_by and kind.autoname and not is_set(lookup(inputs, kind.named_by)):
            old_name = olds.get(kind.named_by)
            inputs[kind.named_by] = old_name or kind.autoname(_name(request), request.randomSeed)
        failures = judge.refused_inputs(kind, self._schema, inputs)
        return provider_pb2.CheckResponse(inputs=wire.write(inputs, secrets), failures=check_failures(failures))

    def Diff(self, request: Any, context: grpc.ServicerContext) -> Any:
        kind = self._kind(request, context)
        old, _ = read_struct(request.old_inputs)
        state, _ = read_struct(request.olds)
        new, _ = read_struct(request.news)
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
        given, marked = read_struct(request.inputs)
        inputs = self._as_given(kind, given, inputs)
        marks = record.secrets | marked
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
        outputs, marks = read_struct(request.properties)
        inputs, input_marks = read_struct(request.inputs)
        if kind.on_read is not None:
            known = Record(id=request.id, token=kind.token, inputs=inputs or outputs, outputs=outputs)
            config = self._reached(context)
            seen = self._backend(context, kind.on_read, self._computing(kind, known.inputs, config, known))
            if seen is None:
                return provider_pb2.ReadResponse(id="")
            outputs.update(seen)
            inputs.update({name: as_written_back(inputs[name], seen[name]) for name in inputs if name in seen})
        identity = str(outputs.get("id", request.id))
        return provider_pb2.ReadResponse(
            id=identity, properties=wire.write(outputs, marks), inputs=wire.write(inputs, input_marks)
        )

    def Update(self, request: Any, context: grpc.ServicerContext) -> Any:
        kind = self._kind(request, context)
        inputs, secrets = self._inputs(kind, request.news)
        old_inputs, _ = self._inputs(kind, request.old_inputs)
        olds, old_marks = read_struct(request.olds)
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
                inputs, _ = read_struct(request.old_inputs)
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
        for below in [*taken_along(self._package, self._cloud, record), record]:
            self._happened(context, "deleted", below, below)
            self._cloud.remove(below)
        fault.after(context)
        return empty_pb2.Empty()


def taken_along(package: Package, cloud: Inventory, record: Record) -> list[Record]:
    """What a deletion takes with it, deepest first."""
    return cloud.below(record) if package.ids_are_paths else []


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


def _name(request: Any) -> str:
    return str(request.name or request.urn.split("::")[-1])
