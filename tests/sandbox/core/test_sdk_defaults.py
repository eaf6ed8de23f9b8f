"""What an SDK fills in by itself reaches the provider like any input: so a simulated type must know it."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator
from typing import Any

from sandbox.core.compiler import Compiler
from sandbox.core.judge import Step, covered, leads_to
from sandbox.core.kinds import ResourceType
from sandbox.vendors import packages

_DEFAULT = re.compile(r"if (\w+) is None:\n\s+\1 = (.+)")


def filled_in(kind: ResourceType) -> Iterator[tuple[Step, str]]:
    """(path, value) of everything that the SDK sets when nothing is given, below what the type simulates."""
    compiler = Compiler()
    yield from _below(compiler, compiler.resource(kind.token), (), kind)


def _below(compiler: Compiler, node: dict[str, Any], at: Step, kind: ResourceType) -> Iterator[tuple[Step, str]]:
    if at and not covered(kind.properties, at) and not leads_to(kind.properties, at):
        return
    if node.get("kind") == "list":
        yield from _below(compiler, node["item"], (*at, 0), kind)
    if "ref" not in node or len(at) > 8:
        return
    module, _, name = node["ref"].rpartition(".")
    cls = getattr(importlib.import_module(module), name)
    for python_name, value in _DEFAULT.findall(inspect.getsource(cls.__init__)):
        member = vars(cls)[python_name].fget
        yield (*at, getattr(member, "_pulumi_name", python_name)), value
    for key, inner in compiler.definitions[node["ref"]]["properties"].items():
        yield from _below(compiler, inner, (*at, key), kind)


def test_what_an_sdk_fills_in_is_simulated() -> None:
    """A program that gives nothing must not be refused for what its SDK gives."""
    unknown = [
        f"{kind.token} {'.'.join(map(str, path))} = {value}"
        for package in packages()
        for kind in package.types
        for path, value in filled_in(kind)
        if not covered(kind.properties, path)
    ]
    assert unknown == []
