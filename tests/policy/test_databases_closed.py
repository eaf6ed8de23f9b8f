"""Only its owner connects to a database."""

from __future__ import annotations

from typing import Any

from policy.rule import Resource
from policy.rules.databases_closed import RULE
from tests.policy.judged import said_of_stack


def one(kind: str, server: str, **inputs: Any) -> Resource:
    token = f"postgresql:index/{kind.lower()}:{kind}"
    return Resource(token=token, name=kind, inputs=inputs, provider={"host": "127.0.0.1", "port": server})


def closing(server: str, database: str, **more: Any) -> Resource:
    return one(
        "Grant", server, **{"role": "public", "objectType": "database", "privileges": []} | more, database=database
    )


def test_a_database_that_is_closed_passes() -> None:
    """A grant of nothing to public."""
    assert said_of_stack(RULE, [one("Database", "1", name="n8n"), closing("1", "n8n")]) == []


def test_an_open_database_is_told() -> None:
    """Open, closed on another server, closed for another role, or given something: all the same."""
    database = one("Database", "1", name="n8n")
    for other in (
        closing("2", "n8n"),
        closing("1", "other"),
        closing("1", "n8n", role="x"),
        closing("1", "n8n", privileges=["CONNECT"]),
        closing("1", "n8n", objectType="schema"),
    ):
        ((_, text),) = said_of_stack(RULE, [database, other])
        assert "may connect to n8n" in text
