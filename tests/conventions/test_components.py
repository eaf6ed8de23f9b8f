"""Components are (name, args, opts), ask nobody, and know no placement."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pulumi
import pytest

import components
from tests.components.declared import Declared, platform

ROOT = Path(__file__).resolve().parents[2]
AREAS = {"azure", "cloudflare", "docker", "services", "systems"}
OURS = ("settings", "components")
FILES = [
    *(path for folder in OURS for path in sorted((ROOT / folder).rglob("*.py"))),
    ROOT / "__main__.py",
    ROOT / "hosts" / "reachable.py",
]


def modules() -> Iterator[Any]:
    """Every module of components/."""
    for info in pkgutil.walk_packages(components.__path__, "components."):
        yield importlib.import_module(info.name)


@cache
def component_classes() -> tuple[type[pulumi.ComponentResource], ...]:
    """Every component that is defined here."""
    found = {
        value
        for module in modules()
        for value in vars(module).values()
        if inspect.isclass(value)
        and issubclass(value, pulumi.ComponentResource)
        and value.__module__ == module.__name__
    }
    return tuple(sorted(found, key=lambda cls: cls.__qualname__))


@cache
def prod() -> tuple[Declared, ...]:
    """What prod declares; asked once."""
    return tuple(platform())


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("cls", component_classes(), ids=lambda cls: cls.__name__)
def test_a_component_is_name_args_opts(cls: type[pulumi.ComponentResource]) -> None:
    """(name, args, opts=None), its outputs are annotated, its last line registers them, its token says its area."""
    parameters = list(inspect.signature(cls).parameters.values())
    assert [parameter.name for parameter in parameters] == ["name", "args", "opts"]
    assert parameters[2].default is None
    assert any("Output" in str(kind) for kind in cls.__annotations__.values()), "no output is annotated"
    source = inspect.getsource(cls.__init__)
    lines = [line.strip() for line in source.splitlines() if line.strip()]
    assert lines[-1].startswith("self.register_outputs(")
    token = re.search(r'super\(\).__init__\("smarteros:(\w+):(\w+)"', source)
    assert token, "the token is smarteros:<area>:<Name>"
    assert token[1] in AREAS
    assert cls.__name__.endswith(token[2])


def test_children_are_children_and_carry_the_components_name() -> None:
    """Nothing is declared beside its component, and a child's name begins with its parent's."""
    by_urn = {one.urn: one for one in prod()}
    for one in prod():
        if one.token == "pulumi:pulumi:Stack":
            continue
        parent = by_urn.get(one.parent)  # the stack itself is declared once a process
        if parent is None or parent.token == "pulumi:pulumi:Stack":
            assert one.token == "smarteros:systems:SmarterOS", one.name
        elif not parent.token.startswith("smarteros:systems:"):
            assert one.name.startswith(parent.name), f"{one.name} below {parent.name}"


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_only_settings_read_configuration_stack_clock_and_environment(path: Path) -> None:
    """A component is told everything: it asks nobody."""
    if path.is_relative_to(ROOT / "settings"):
        return
    text = path.read_text(encoding="utf-8")
    for forbidden in ("get_stack", "get_project", "StackReference", "pulumi.Config", "os.environ", "datetime"):
        assert forbidden not in text, forbidden


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_nothing_but_placements_asks_where_it_runs(path: Path) -> None:
    """A service says what, a placement says where: no service knows a placement, or a vendor of one."""
    if not path.is_relative_to(ROOT / "components" / "services"):
        return
    imported = {
        name
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else []
        )
    }
    for name in imported:
        assert not name.startswith(("components.placements.", "pulumi_azure_native", "pulumi_docker")), name


def test_no_address_of_a_customer_is_in_the_code() -> None:
    """What belongs to one environment is in its settings."""
    for path in FILES:
        text = path.read_text(encoding="utf-8")
        for word in ("smarterbot", "203.0.113", "brazilsouth"):
            found = [line for line in text.splitlines() if word in line and "as in" not in line]
            assert not found, f"{name_of(path)}: {found}"
