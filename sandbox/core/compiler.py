"""What an SDK's classes say of a type, compiled into plain JSON: names, types, nesting, enums."""

from __future__ import annotations

import enum
import importlib
import importlib.metadata
import inspect
import json
import subprocess
import sys
import types
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

__all__ = ["Compiler", "Node", "compile_schema", "compiled_apart", "module_of", "sdk_version"]

Node = dict[str, Any]


def sdk_version(package: str) -> str:
    """The installed version of a provider's SDK, which its simulated provider also answers with."""
    return importlib.metadata.version(f"pulumi-{package}")


class Compiler:
    """Turns SDK classes into nodes; `definitions` collects the named object types. `any_case` are the packages whose
    vendors compare the words of their enums without case (`Package.words_in_any_case`).
    """

    def __init__(self, any_case: Collection[str] = ()) -> None:
        self._any_case = tuple(f"{_module(package)}." for package in any_case)
        self.definitions: dict[str, Node] = {}

    def resource(self, token: str) -> Node:
        """The node of a resource's inputs."""
        module = importlib.import_module(module_of(token))
        name = token.rsplit(":", 1)[1]
        # Where a nested type has the resource's own name, the SDK calls the resource's arguments …InitArgs.
        found = (getattr(module, f"{name}{ending}", None) for ending in ("InitArgs", "Args"))
        args = next((one for one in found if one is not None and one.__module__ == module.__name__), None)
        if args is None:
            raise LookupError(f"{token}: the SDK's {module.__name__} has no {name}Args")
        return self._named(args)

    def _named(self, cls: type) -> Node:
        key = f"{cls.__module__}.{cls.__qualname__}"
        if key not in self.definitions:
            self.definitions[key] = {}
            self.definitions[key] = self._object(cls)
        return {"ref": key}

    def _object(self, cls: type) -> Node:
        scope = vars(sys.modules[cls.__module__])
        parameters = inspect.signature(cls).parameters
        properties: dict[str, Node] = {}
        required: list[str] = []
        for python_name, member in vars(cls).items():
            if not isinstance(member, property) or member.fget is None:
                continue
            hint = get_type_hints(member.fget, scope, _LOCALS).get("return", Any)
            name = getattr(member.fget, "_pulumi_name", python_name)
            properties[name] = self._node(hint)
            parameter = parameters.get(python_name)
            if parameter is not None and parameter.default is inspect.Parameter.empty:
                required.append(name)
        return {"kind": "object", "properties": properties, "required": required}

    def _node(self, hint: Any) -> Node:
        origin = get_origin(hint)
        if origin in (Union, types.UnionType):
            return self._union([arm for arm in get_args(hint) if not _wraps(arm)])
        if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
            return {"kind": "map", "item": self._node(get_args(hint)[1])}
        if origin is not None and isinstance(origin, type) and issubclass(origin, Sequence):
            return {"kind": "list", "item": self._node(get_args(hint)[0])}
        if isinstance(hint, type):
            return self._plain(hint)
        return {"kind": "any"}

    def _union(self, arms: list[Any]) -> Node:
        enums = [arm for arm in arms if isinstance(arm, type) and issubclass(arm, enum.Enum)]
        if enums:
            node = self._plain(enums[0])
            return {**node, "open": True} if str in arms else node  # beside any text: the vendor decides
        nodes: list[Node] = []
        for arm in arms:
            node = self._node(arm)
            if node not in nodes:
                nodes.append(node)
        known = [node for node in nodes if node != {"kind": "any"}] or nodes
        return known[0] if len(known) == 1 else {"kind": "either", "of": known} if known else {"kind": "any"}

    def _plain(self, cls: type) -> Node:
        if issubclass(cls, enum.Enum):
            node: Node = {"kind": "enum", "values": [item.value for item in cls]}
            # Whether or not the SDK lets any text stand beside them.
            return {**node, "open": True} if cls.__module__.startswith(self._any_case) else node
        if cls in _SCALARS:
            return {"kind": _SCALARS[cls]}
        if getattr(cls, "_pulumi_input_type", False) or cls.__name__.endswith("Args"):
            return self._named(cls)
        if "Asset" in cls.__name__ or "Archive" in cls.__name__:
            return {"kind": "asset"}
        return {"kind": "any"}


def _locals() -> dict[str, Any]:
    import pulumi

    return {"Output": pulumi.Output, "T": Any}


class _Locals(dict[str, Any]):
    """`Output[T]`, which the SDK's aliases leave as forward references; pulumi is imported at first use only."""

    def __missing__(self, key: str) -> Any:
        if key in ("Output", "T"):
            self.update(_locals())
            return self[key]
        raise KeyError(key)


_LOCALS: dict[str, Any] = _Locals()
_SCALARS: dict[type, str] = {str: "string", bool: "boolean", int: "integer", float: "number"}


def _wraps(arm: Any) -> bool:
    """Whether an arm of a union is only the SDK's wrapping: None, an awaitable, an Output, or the TypedDict twin."""
    if arm is type(None):
        return True
    origin = get_origin(arm) or arm
    name = getattr(origin, "__qualname__", "")
    return name in ("Awaitable", "Output") or (isinstance(arm, type) and name.endswith("ArgsDict"))


def _module(package: str) -> str:
    return f"pulumi_{package.replace('-', '_')}"


def module_of(token: str) -> str:
    """The SDK's module that holds a type."""
    package, middle, name = token.split(":")
    root = _module(package)
    area = middle.split("/")[0].lower()  # modules are in lower case whatever the token writes
    path = root if area == "index" else f"{root}.{area}"
    module = importlib.import_module(path)
    cls = getattr(module, name, None)
    if cls is None:
        raise LookupError(f"{token}: {path} has no {name}")
    return str(cls.__module__)


def compile_schema(tokens: Sequence[str], any_case: Collection[str] = ()) -> dict[str, Any]:
    """The schema of these types, as JSON-able data."""
    compiler = Compiler(any_case)
    resources = {token: compiler.resource(token) for token in tokens}
    return {"resources": resources, "definitions": compiler.definitions}


_COMPILE = """
import json, sys
from sandbox.core.compiler import compile_schema
json.dump(compile_schema(*json.load(sys.stdin)), sys.stdout)
"""
_PATIENCE_S = 300.0


def compiled_apart(tokens: Sequence[str], any_case: Collection[str] = ()) -> dict[str, Any]:
    """The schema, made by a process that ends: the SDKs' classes take 150 MB, which a server would keep for good."""
    done = subprocess.run(  # noqa: S603  this interpreter, with a program of our own
        [sys.executable, "-c", _COMPILE],
        cwd=Path(__file__).resolve().parents[2],
        input=json.dumps([list(tokens), list(any_case)]),
        capture_output=True,
        text=True,
        timeout=_PATIENCE_S,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"the providers' SDKs could not be read:\n{done.stderr}")
    data: dict[str, Any] = json.loads(done.stdout)
    return data
