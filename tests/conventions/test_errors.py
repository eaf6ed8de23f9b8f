"""Errors for operators have one base: a new one needs no table, and none ends in a traceback."""

from __future__ import annotations

import ast
import builtins
import json
from collections.abc import Mapping
from functools import cache

import pytest
import typer

from cli import __main__ as entrance
from cli.reporting import reporting
from kept.operator_error import OperatorError
from tests.conventions.exceptions import OTHER_ERRORS
from tests.conventions.rooms import ROOT, sources

BASE = "OperatorError"


class Lost(OperatorError):
    """An error that nothing in the house has heard of."""

    exit_code = 2


def test_a_new_error_needs_no_table(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Wherever in a command it is raised, it ends in its words and with its exit code."""

    def fails(**_: object) -> None:
        with reporting():
            raise Lost(where="acme.yaml", why="not there", mend="write it")

    monkeypatch.setattr(entrance, "app", fails)
    with pytest.raises(SystemExit) as ended:
        entrance.main()
    assert ended.value.code == 2
    assert capsys.readouterr().err == "smos: acme.yaml: not there. Fix: write it\n"


def test_a_new_error_is_json_where_that_was_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """One object on standard output, and the same exit code."""
    with pytest.raises(typer.Exit) as ended, reporting(as_json=True):
        raise Lost("what, where, why. Fix: so")
    assert ended.value.exit_code == 2
    assert json.loads(capsys.readouterr().out) == {"ok": False, "error": "what, where, why. Fix: so"}


def test_a_fault_of_ours_is_not_hidden() -> None:
    """What is no operator's error comes through as it is."""
    with pytest.raises(ZeroDivisionError), reporting(as_json=True):
        raise ZeroDivisionError


@cache
def bases() -> Mapping[str, tuple[str, ...]]:
    """Every class outside the tests, as "file:name" → the names of its bases."""
    return {
        f"{path.relative_to(ROOT).as_posix()}:{node.name}": tuple(
            ast.unparse(base).split(".")[-1] for base in node.bases
        )
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    }


def is_error(name: str) -> bool:
    """Whether a base's name is that of an exception: of Python, of ours, or of a library."""
    known = getattr(builtins, name, None)
    if isinstance(known, type):
        return issubclass(known, BaseException)
    return name == BASE or any(one.endswith(f":{name}") and any(map(is_error, of)) for one, of in bases().items())


def is_operators(names: tuple[str, ...]) -> bool:
    """Whether one of the bases is, or comes from, the one for operators."""
    return any(
        name == BASE or any(is_operators(of) for one, of in bases().items() if one.endswith(f":{name}"))
        for name in names
        if not hasattr(builtins, name)
    )


def test_every_error_is_an_operators_or_says_why_not() -> None:
    """What an operator may ever read has the base; the few others are listed, with where they end."""
    found = {
        one
        for one, names in bases().items()
        if not one.endswith(f":{BASE}") and any(is_error(name) or name == "RunError" for name in names)
        if not is_operators(names)
    }
    assert found == set(OTHER_ERRORS), "tests/conventions/exceptions.py (OTHER_ERRORS) lists just what is found"


def test_commands_keep_no_table_of_errors() -> None:
    """No command catches an error only to say its text in another class."""
    found = [
        f"{path.relative_to(ROOT).as_posix()}:{handler.lineno}"
        for path in sources()
        if path.is_relative_to(ROOT / "cli")
        for handler in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(handler, ast.ExceptHandler) and handler.name
        if "LookupError" not in ast.unparse(handler.type or handler)  # Python's own: its text is all that it has
        if "KeyringError" not in ast.unparse(handler.type or handler)  # of an argument, so the exit code is another
        for node in handler.body
        if isinstance(node, ast.Raise) and f"(str({handler.name}))" in ast.unparse(node)
    ]
    assert found == []
