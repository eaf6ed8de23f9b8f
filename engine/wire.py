"""Property values on the wire: Pulumi's `Struct`s to plain values and back, with secrets and unknowns kept apart.

A secret is remembered by its path, so that rules see plain values while nothing secret loses its mark on the way out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from google.protobuf import struct_pb2

__all__ = ["UNKNOWN", "Unknown", "contains_unknown", "leaves", "read", "write"]


class Unknown:
    """The value of an output that is not known yet (at preview). There is one, `UNKNOWN`."""

    def __repr__(self) -> str:
        return "(known after apply)"


UNKNOWN: Final = Unknown()
Step = tuple[str | int, ...]
Secrets = frozenset[Step]

# The SDK's own (pulumi/runtime/rpc.py), written out: importing it takes every command a tenth of a second.
_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a mark
_OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
_UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_UNKNOWNS = {
    _UNKNOWN,
    "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # bool
    "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
    "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # array
    "030794c1-ac77-496b-92df-f27374a8bd58",  # asset
    "e48ece36-62e2-4504-bad9-02848725956a",  # archive
    "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # object
}


def read(struct: struct_pb2.Struct) -> tuple[dict[str, Any], Secrets]:
    """(plain values, the paths that are secret)."""
    secrets: set[Step] = set()
    fields = {key: _read(value, (key,), secrets) for key, value in struct.fields.items()}
    return {key: value for key, value in fields.items() if value is not None}, frozenset(secrets)


def _read(value: struct_pb2.Value, at: Step, secrets: set[Step]) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return UNKNOWN if value.string_value in _UNKNOWNS else value.string_value
    if kind == "number_value":
        return value.number_value
    if kind == "bool_value":
        return value.bool_value
    if kind == "list_value":
        return [_read(item, (*at, index), secrets) for index, item in enumerate(value.list_value.values)]
    if kind == "struct_value":
        fields = value.struct_value.fields
        signature = fields[_SIGNATURE].string_value if _SIGNATURE in fields else ""
        if signature == _SECRET:
            secrets.add(at)
            return _read(fields["value"], at, secrets)
        if signature == _OUTPUT:
            if fields["secret"].bool_value:
                secrets.add(at)
            return _read(fields["value"], at, secrets) if "value" in fields else UNKNOWN
        return {key: _read(item, (*at, key), secrets) for key, item in fields.items()}
    return None


def write(values: Mapping[str, Any], secrets: Iterable[Step] = ()) -> struct_pb2.Struct:
    """A `Struct` of these values, in which the given paths are in a secret's envelope."""
    struct = struct_pb2.Struct()
    marks = frozenset(secrets)
    for key, value in values.items():
        struct.fields[key].CopyFrom(_write(value, (key,), marks))
    return struct


def _write(value: Any, at: Step, secrets: Secrets) -> struct_pb2.Value:
    plain = _plain(value, at, secrets)
    if at not in secrets:
        return plain
    envelope = struct_pb2.Value()
    envelope.struct_value.fields[_SIGNATURE].string_value = _SECRET
    envelope.struct_value.fields["value"].CopyFrom(plain)
    return envelope


def _plain(value: Any, at: Step, secrets: Secrets) -> struct_pb2.Value:
    if value is UNKNOWN:
        return struct_pb2.Value(string_value=_UNKNOWN)
    if value is None:
        return struct_pb2.Value(null_value=struct_pb2.NULL_VALUE)
    if isinstance(value, bool):
        return struct_pb2.Value(bool_value=value)
    if isinstance(value, int | float):
        return struct_pb2.Value(number_value=float(value))
    if isinstance(value, str):
        return struct_pb2.Value(string_value=value)
    if isinstance(value, Mapping):
        inner = struct_pb2.Struct()
        for key, item in value.items():
            inner.fields[key].CopyFrom(_write(item, (*at, key), secrets))
        return struct_pb2.Value(struct_value=inner)
    items = [_write(item, (*at, index), secrets) for index, item in enumerate(value)]
    return struct_pb2.Value(list_value=struct_pb2.ListValue(values=items))


def leaves(value: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Every leaf of a value with its path; an empty list or object counts as a leaf."""
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from leaves(item, (*at, key))
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from leaves(item, (*at, index))
    elif value is not None:
        yield at, value


def contains_unknown(value: Any) -> bool:
    """Whether any leaf is not known yet."""
    return any(leaf is UNKNOWN for _, leaf in leaves(value))
