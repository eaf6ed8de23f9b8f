"""Layer one of the strictness: names, types, nesting and enums of simulated types, compiled from the SDKs' classes.

The compiled form is plain JSON, so that the server can keep it on disk and start without importing any SDK.
What the SDK does not say (ranges, patterns, references…) is layer two, `sandbox.core.rules`.
"""

from __future__ import annotations

import enum
import hashlib
import importlib
import importlib.metadata
import inspect
import json
import sys
import types
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

from kept import Damaged, mapping
from sandbox.core.compiled_apart import compiled_apart
from sandbox.core.kinds import Package
from sandbox.core.rules import Failure
from sandbox.core.values import UNKNOWN, show

Node = dict[str, Any]
Step = tuple[str | int, ...]


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


class Schema:
    """The compiled schema, ready to check inputs."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._resources: Mapping[str, Node] = data["resources"]
        self._definitions: Mapping[str, Node] = data["definitions"]

    @classmethod
    def load(cls, packages: Iterable[Package], cache: Path) -> Schema:
        """From the cache folder where these types and SDK versions were compiled before, else compiled and kept."""
        known = sorted(packages, key=lambda package: package.name)
        tokens = sorted(kind.token for package in known for kind in package.types)
        any_case = [package.name for package in known if package.words_in_any_case]
        versions = [(package.name, sdk_version(package.name)) for package in known]
        stamp = json.dumps([tokens, versions, any_case, _source()])
        file = cache / f"schema-{hashlib.sha256(stamp.encode()).hexdigest()[:16]}.json"
        with suppress(Damaged, FileNotFoundError, KeyError, TypeError):  # a cache: what can't be read is compiled anew
            return cls(mapping(file, ""))
        data = compiled_apart(tokens, any_case)
        cache.mkdir(parents=True, exist_ok=True)
        draft = file.with_suffix(f".{id(data)}")
        draft.write_text(json.dumps(data))
        draft.replace(file)
        return cls(data)

    def failures(self, token: str, props: Mapping[str, Any]) -> Iterator[Failure]:
        """What the SDK's types refuse in these inputs; unknown values pass."""
        yield from self._check(self._resources[token], props, ())

    def numbers(self, token: str, props: Mapping[str, Any]) -> Any:
        """The inputs as the vendor reads them: whole numbers as `int` (doubles arrive), enums as it spells them."""
        return self._whole(self._resources[token], props)

    def joins(self, token: str, at: Step, value: Any) -> bool:
        """Whether the text at this place is several of an enum's words, with commas between them."""
        node = self._resolve(self._resources[token])
        for step in at:
            inner = node["properties"].get(step) if node["kind"] == "object" else node.get("item")
            if inner is None:
                return False
            node = self._resolve(inner)
        parts = str(value).split(",")
        return node["kind"] == "enum" and len(parts) > 1 and all(_word(node, part) is not None for part in parts)

    def _resolve(self, node: Node) -> Node:
        return self._definitions[node["ref"]] if "ref" in node else node

    def _check(self, node: Node, value: Any, at: Step) -> Iterator[Failure]:
        node = self._resolve(node)
        kind = node["kind"]
        if value is None or value is UNKNOWN or kind == "any":
            return
        if kind == "object":
            yield from self._check_object(node, value, at)
        elif kind == "list":
            if not isinstance(value, list):
                yield _wrong(at, "a list", value)
                return
            for index, item in enumerate(value):
                yield from self._check(node["item"], item, (*at, index))
        elif kind == "map":
            if not isinstance(value, Mapping):
                yield _wrong(at, "an object of named values", value)
                return
            for key, item in value.items():
                yield from self._check(node["item"], item, (*at, key))
        elif kind == "either":
            answers = [list(self._check(arm, value, at)) for arm in node["of"]]
            if all(answers):
                yield min(answers, key=len)[0]
        else:
            yield from self._check_scalar(node, value, at)

    def _check_object(self, node: Node, value: Any, at: Step) -> Iterator[Failure]:
        if not isinstance(value, Mapping):
            yield _wrong(at, "an object", value)
            return
        for key, item in value.items():
            if key not in node["properties"]:
                near = _nearest(key, node["properties"])
                hint = f"; did you mean {near}?" if near else ""
                yield Failure(show((*at, key)), "schema", f"there is no such property{hint}")
            else:
                yield from self._check(node["properties"][key], item, (*at, key))
        for key in node["required"]:
            if value.get(key) is None:
                yield Failure(show((*at, key)), "schema", "is required")

    def _check_scalar(self, node: Node, value: Any, at: Step) -> Iterator[Failure]:
        kind = node["kind"]
        if kind == "enum":
            if _word(node, value) is None:
                allowed = ", ".join(str(one) for one in node["values"])
                yield Failure(show(at), "schema", f"{value!r} is not one of {allowed}")
        elif kind == "string" and not isinstance(value, str):
            yield _wrong(at, "text", value)
        elif kind == "boolean" and not isinstance(value, bool):
            yield _wrong(at, "true or false", value)
        elif kind in ("number", "integer"):
            if isinstance(value, bool) or not isinstance(value, int | float):
                yield _wrong(at, "a number", value)
            elif kind == "integer" and float(value) != int(value):
                yield _wrong(at, "a whole number", value)

    def _whole(self, node: Node, value: Any) -> Any:
        node = self._resolve(node)
        kind = node["kind"]
        if kind == "object" and isinstance(value, Mapping):
            known = node["properties"]
            return {key: self._whole(known[key], item) if key in known else item for key, item in value.items()}
        if kind == "list" and isinstance(value, list):
            return [self._whole(node["item"], item) for item in value]
        if kind == "map" and isinstance(value, Mapping):
            return {key: self._whole(node["item"], item) for key, item in value.items()}
        if kind == "enum":
            return value if _word(node, value) is None else _word(node, value)
        if kind == "any":
            return _whole_numbers(value)
        if kind == "integer" and isinstance(value, float) and value == int(value):
            return int(value)
        return value


def _word(node: Node, value: Any) -> Any:
    """The enum's own spelling of a value; None where it has none. An open enum knows it without case and spaces."""
    if value in node["values"]:
        return value
    if not node.get("open") or not isinstance(value, str):
        return None
    plain = value.replace(" ", "").lower()
    return next((word for word in node["values"] if str(word).replace(" ", "").lower() == plain), None)


def _whole_numbers(value: Any) -> Any:
    """What has no type at all, with whole numbers as such: all of them arrive as doubles."""
    if isinstance(value, Mapping):
        return {key: _whole_numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_whole_numbers(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _wrong(at: Step, wanted: str, value: Any) -> Failure:
    kind = {
        str: "text",
        bool: "true/false",
        float: "a number",
        int: "a number",
        list: "a list",
        dict: "an object",
    }
    return Failure(show(at), "schema", f"must be {wanted}, not {kind.get(type(value), type(value).__name__)}")


def _nearest(key: str, known: Mapping[str, Any]) -> str:
    import difflib

    return next(iter(difflib.get_close_matches(key, known, 1)), "")


def _source() -> str:
    return hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:12]
