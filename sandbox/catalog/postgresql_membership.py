"""Membership of one PostgreSQL role in another, in a real server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.catalog.postgresql_connection import (
    PROVIDER,
    Connection,
    connected,
    exists,
    lock_role,
    run,
    telling,
)
from sandbox.kinds import ResourceType
from sandbox.records import Computing
from sandbox.rules import Must
from sandbox.values import UNKNOWN, Props, Value

__all__ = ["TYPES"]

MEMBERSHIP_GO = f"{PROVIDER}/resource_postgresql_grant_role.go"
GRANT = "https://www.postgresql.org/docs/current/sql-grant.html"


def _revoke(connection: Connection, inputs: Props) -> None:
    with telling("could not execute revoke query"):
        run(connection, "REVOKE {} FROM {}", str(inputs["grantRole"]), str(inputs["role"]))


def _create(computing: Computing) -> Mapping[str, Any]:
    inputs = computing.inputs
    role, given = str(inputs["role"]), str(inputs["grantRole"])
    with connected(computing.config) as connection:
        lock_role(connection, role)
        _revoke(connection, inputs)
        with telling("could not execute grant query"):
            if inputs.get("withAdminOption"):
                run(connection, "GRANT {} TO {} WITH ADMIN OPTION", given, role)
            else:
                run(connection, "GRANT {} TO {}", given, role)
    return {}


def _delete(computing: Computing) -> None:
    with connected(computing.config) as connection:
        lock_role(connection, str(computing.inputs["role"]))
        _revoke(connection, computing.inputs)


def _read(computing: Computing) -> Mapping[str, Any] | None:
    """As the provider asks: any grant of the one role to the other, with the wanted admin option."""
    inputs = computing.inputs
    with connected(computing.config) as connection:
        found = exists(
            connection,
            "SELECT 1 FROM pg_auth_members WHERE pg_get_userbyid(member) = %s AND pg_get_userbyid(roleid) = %s"
            " AND admin_option = %s",
            inputs["role"],
            inputs["grantRole"],
            bool(inputs.get("withAdminOption", False)),
        )
    return {} if found else None


def _another(value: Value, props: Props) -> bool:
    return UNKNOWN in (value, props.get("role")) or value != props.get("role")


TYPES = (
    ResourceType(
        token="postgresql:index/grantRole:GrantRole",
        about="Makes a role a member of another: it then has that one's rights. Other memberships stay as they are.",
        sources=(MEMBERSHIP_GO, GRANT),
        properties=("grantRole", "role", "withAdminOption"),
        rules=(
            Must(
                path="grantRole",
                test=_another,
                says="is the same role: a role can't be a member of itself",
                code="0LP01",
                source=GRANT,
            ),
        ),
        id=lambda c: "_".join(
            (str(c.inputs["role"]), str(c.inputs["grantRole"]), str(bool(c.inputs.get("withAdminOption"))).lower())
        ),
        defaults={"withAdminOption": False},
        replaces=("grantRole", "role", "withAdminOption"),
        state_only=True,
        on_create=_create,
        on_delete=_delete,
        on_read=_read,
        not_checked=("what the server itself checks (existing roles, circles, rights): it answers in its own words",),
    ),
)
