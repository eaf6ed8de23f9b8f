"""Whoever changes a database always gets the second connection that this takes."""

from __future__ import annotations

from policy.rule import Resource
from policy.rules.database_turns import RULE
from tests.policy.judged import said_of_stack


def some(count: int, port: str, **more: str) -> list[Resource]:
    """Databases and roles, alternately."""
    provider = {"host": "127.0.0.1", "port": port, "username": "smarter", **more}
    kinds = ("postgresql:index/database:Database", "postgresql:index/role:Role")
    return [Resource(token=kinds[n % 2], name=f"{port}-{n}", inputs={}, provider=provider) for n in range(count)]


def test_one_connection_more_than_databases_and_roles_passes() -> None:
    """Each server by itself; without a bound there is none to reach, and without a word the provider has 20."""
    assert said_of_stack(RULE, [*some(3, "1", maxConnections="4"), *some(3, "2", maxConnections="4")]) == []
    assert said_of_stack(RULE, [*some(30, "1", maxConnections="0"), *some(19, "2")]) == []


def test_as_many_as_there_are_connections_are_told_once() -> None:
    """All of them can wait: the last one for the second connection, the others for the last one."""
    ((_, text),) = said_of_stack(RULE, some(4, "1", maxConnections="4"))
    assert "4 databases and roles share a provider's 4 connections" in text
    assert "maxConnections of that provider: 5 or more" in text
    assert len(said_of_stack(RULE, some(20, "1"))) == 1
