"""Only its owner connects to a database."""

from __future__ import annotations

from typing import Any

from policy.rule import Resource
from policy.rules.databases_closed import RULE
from tests.policy.judged import said_of_stack


def one(kind: str, server: str, superuser: str = "true", **inputs: Any) -> Resource:
    token = f"postgresql:index/{kind[0].lower()}{kind[1:]}:{kind}"
    provider = {"host": "127.0.0.1", "port": server, "username": "smarter", "superuser": superuser}
    return Resource(token=token, name=kind, inputs=inputs, provider=provider)


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


def test_closed_without_the_owners_rights_is_open() -> None:
    """An administrator who is no superuser revokes nothing of another's, until it is lent the owner's role."""
    mine, grant = one("Database", "1", superuser="false", name="n8n", owner="n8n"), closing("1", "n8n")
    ((_, text),) = said_of_stack(RULE, [mine, grant])
    assert "smarter has no right to close n8n" in text
    for wrong in ({"role": "other", "grantRole": "n8n"}, {"role": "smarter", "grantRole": "other"}):
        assert len(said_of_stack(RULE, [mine, grant, one("GrantRole", "1", **wrong)])) == 1
    assert said_of_stack(RULE, [mine, grant, one("GrantRole", "1", role="smarter", grantRole="n8n")]) == []
    for owner in ("smarter", None):
        assert said_of_stack(RULE, [one("Database", "1", superuser="false", name="n8n", owner=owner), grant]) == []
