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


TEMPLATE = closing("1", "template1")


def test_a_database_that_is_closed_passes() -> None:
    """A grant of nothing to public, and one on the template of everybody's."""
    assert said_of_stack(RULE, [one("Database", "1", name="n8n"), closing("1", "n8n"), TEMPLATE]) == []


def test_a_superuser_closes_the_template_of_each_of_its_servers() -> None:
    """Told once a server; of a managed one it is the vendor's."""
    databases = [one("Database", server, name=name) for server in "12" for name in ("n8n", "odoo")]
    grants = [closing(server, name) for server in "12" for name in ("n8n", "odoo")]
    ((_, text),) = said_of_stack(RULE, [*databases, *grants, TEMPLATE])
    assert "every role of its server may connect to template1" in text
    assert len(said_of_stack(RULE, [*databases, *grants])) == 2
    assert len(said_of_stack(RULE, [*databases, *grants, TEMPLATE, closing("2", "template1", role="n8n")])) == 1
    assert said_of_stack(RULE, [*databases, *grants, TEMPLATE, closing("2", "template1")]) == []


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
        ((_, text),) = said_of_stack(RULE, [database, other, TEMPLATE])
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
