"""Layer one of the strictness: names, types, nesting and enums of every simulated type, compiled from the SDK's
classes.

The compiled form is plain JSON, so that the server can keep it on disk and start without importing any SDK.
What the SDK does not say (ranges, patterns, references…) is layer two, `sandbox.core.rules`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from kept import Damaged, mapping
from sandbox.core.compiler import Node, compiled_apart, sdk_version
from sandbox.core.kinds import Package
from sandbox.core.rules import Failure
from sandbox.core.values import UNKNOWN, show

__all__ = ["Schema"]

Step = tuple[str | int, ...]


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
    return hashlib.sha256(Path(__file__).with_name("compiler.py").read_bytes()).hexdigest()[:12]
