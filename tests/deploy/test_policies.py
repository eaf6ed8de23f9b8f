"""No run of the engine that creates or changes anything goes without the policy pack."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("access", "cli", "deploy", "demo", "hosts", "tenants")
"""Which start the engine in the product; what they write for operators to run is theirs."""
RUN = {"run", "run_with_events", "run_inline"}
JUDGED = {"up", "preview"}


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _runs() -> Iterator[tuple[str, str]]:
    """Where a function starts the engine for a change: (file and function, the function's text)."""
    for file in sorted(one for room in ROOMS for one in (ROOT / room).rglob("*.py")):
        text = file.read_text()
        for function in ast.walk(ast.parse(text)):
            if not isinstance(function, ast.FunctionDef):
                continue
            words = {
                str(word.value)
                for call in ast.walk(function)
                if isinstance(call, ast.Call) and _called(call) in RUN
                for word in call.args
                if isinstance(word, ast.Constant)
            }
            if words & JUDGED:
                yield f"{file.relative_to(ROOT)}: {function.name}", ast.get_source_segment(text, function) or ""


def test_every_run_that_changes_something_is_judged() -> None:
    """Platform, hosts, the inside of Vault, a tenant: each gives the engine the pack (deploy/policies.py)."""
    found = dict(_runs())
    found.pop("deploy/losses.py: _previewed")  # with what `up` is given, the pack among it
    assert {name.partition(": ")[2] for name in found} >= {"up", "hosts_up", "_declare_inside", "bring_up", "_complete"}
    assert [name for name, text in found.items() if "olicies" not in text] == []
