"""What a simulated resource tells of itself, before it exists and after."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.core.kinds import Package, ResourceType
from sandbox.core.records import Computing
from sandbox.core.values import UNKNOWN, is_set, lookup

__all__ = [
    "as_read",
    "as_written_back",
    "foreseen_outputs",
    "foreseen_update",
    "known_to_state",
    "made_outputs",
    "merged_outputs",
]


def foreseen_outputs(kind: ResourceType, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The outputs of a resource that is not created yet: what is computed is unknown, its name is not."""
    named = {"name": lookup(inputs, kind.named_by)} if kind.named_by and is_set(lookup(inputs, kind.named_by)) else {}
    unknown = [name for name in (*kind.computed, *kind.secret_outputs) if not _plain(inputs.get(name))]
    return {**named, **inputs, **{name: UNKNOWN for name in unknown}}


def foreseen_update(
    kind: ResourceType,
    package: Package,
    olds: Mapping[str, Any],
    old_inputs: Mapping[str, Any],
    inputs: Mapping[str, Any],
) -> Any:
    """The outputs of a resource after an update that is only previewed."""
    if package.foresees_nothing_computed:
        stay = {name: olds[name] for name in ("id", "name", "location") if name in olds}
        return {**foreseen_outputs(kind, inputs), **stay}
    known = {name: value for name, value in olds.items() if name not in old_inputs or name in kind.computed}
    return merged_outputs(known, inputs)


def merged_outputs(old: Any, new: Any) -> Any:
    """The new value, with what the vendor had added to the old one. An object that it made of a list stays one."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return {**old, **{key: merged_outputs(old.get(key), value) for key, value in new.items()}}
    return old if isinstance(old, Mapping) else new


def _plain(value: Any) -> bool:
    """Whether the vendor only fills this in where it is not given: it adds to an object, but keeps a text."""
    return value is not None and not isinstance(value, Mapping)


def made_outputs(kind: ResourceType, computing: Computing, added: Mapping[str, Any] | None) -> dict[str, Any]:
    """Those of a resource that exists now."""
    computed = {name: make(computing) for name, make in kind.computed.items()}
    named = {"name": computing.name} if kind.named_by else {}
    return {**named, "id": computing.id, **computing.inputs, **computed, **(added or {})}


def as_written_back(wanted: Any, seen: Any) -> Any:
    """What a provider made of Terraform's says at a refresh that the input is: what it saw, but of a list no more items
    than were wanted (pulumi-terraform-bridge, pkg/tfbridge/schema.go, extractInputs).
    """
    if isinstance(wanted, list) and isinstance(seen, list):
        return [one for one in wanted if one in seen]
    return seen


def as_read(kind: ResourceType, outputs: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The outputs as the provider's own Read writes them, which it calls after each creation."""
    return {**outputs, **(kind.written_back(inputs) if kind.written_back else {})}


def known_to_state(kind: ResourceType, inputs: Mapping[str, Any], state: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs that a provider compares with: where its Read writes another form, the one in the state."""
    written = kind.written_back(inputs) if kind.written_back else {}
    return {**inputs, **{name: state[name] for name in written if state.get(name) is not None}}
