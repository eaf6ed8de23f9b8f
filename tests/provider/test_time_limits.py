"""Nothing that works in a tenant's things waits without a limit: read from the source of every room."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from provider.time_limits import EXPORT, MIGRATION, QUESTION, Limits, options_of

ROOT = Path(__file__).resolve().parents[2]
ROOMS = (
    "provider",
    "tenants",
    "deploy",
    "components",
    "settings",
    "access",
    "age_keyring",
    "hosts",
    "cli",
    "policy",
    "intents",
)
HOME = ROOT / "provider" / "time_limits.py"


def calls() -> Iterator[tuple[Path, ast.Call, str]]:
    """Every call of a name, as it is written: psycopg.connect, subprocess.run."""
    for room in ROOMS:
        for file in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call):
                    yield file, node, ast.unparse(node.func)


def words(call: ast.Call) -> set[str]:
    """The names of its arguments; of what is unpacked, its text."""
    return {one.arg or ast.unparse(one.value) for one in call.keywords}


def test_every_connection_to_postgresql_is_made_in_one_place() -> None:
    """There alone is it limited."""
    found = [f"{file}:{call.lineno}" for file, call, name in calls() if name.endswith("psycopg.connect")]
    assert [one.partition(":")[0] for one in found] == [str(HOME)]


def test_every_client_of_redis_has_limits() -> None:
    """For an answer, and for the way to it."""
    found = [(file, call) for file, call, name in calls() if name == "redis.Redis"]
    assert found
    for file, call in found:
        has = words(call)
        assert "redis_limits()" in has or {"socket_timeout", "socket_connect_timeout"} <= has, f"{file}:{call.lineno}"


# Of programs that answer to an operator who waits, or that end with this one.
UNLIMITED = {
    "cli/check.py": "the checks themselves, which say how far they are",
}


def test_every_program_and_request_has_a_limit() -> None:
    """Nobody waits for ever for a program that waits for a tenant."""
    for file, call, name in calls():
        if name in ("subprocess.run", "urllib.request.urlopen", "http.client.HTTPConnection"):
            where = str(file.relative_to(ROOT))
            assert "timeout" in words(call) or where in UNLIMITED, f"{where}:{call.lineno}: {name} without a timeout"


@pytest.mark.parametrize("limits", [QUESTION, MIGRATION, EXPORT])
def test_no_limit_is_none(limits: Limits) -> None:
    """0 would be for ever; and who waits for a lock ends before the statement does."""
    assert 0 < limits.lock_s < limits.statement_s <= limits.whole_s
    for setting in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "search_path"):
        assert f"-c {setting}=" in options_of(limits)
