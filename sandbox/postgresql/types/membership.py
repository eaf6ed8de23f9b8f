"""Membership of one PostgreSQL role in another, in a real server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.core.kinds import ResourceType
from sandbox.core.records import Computing
from sandbox.core.rules import Must
from sandbox.core.values import UNKNOWN, Props, Value
from sandbox.postgresql.connection import PROVIDER, Connection, connected, one, run, telling
from sandbox.postgresql.types.role import NOBODY, name_rules

__all__ = ["TYPES"]

MEMBERSHIP_GO = f"{PROVIDER}/resource_postgresql_grant_role.go"
GRANT = "https://www.postgresql.org/docs/current/sql-grant.html"


def _revoke(connection: Connection, inputs: Props) -> None:
    with telling("could not execute revoke query"):
        run(connection, "REVOKE {} FROM {}", str(inputs["grantRole"]), str(inputs["role"]))


def _create(computing: Computing) -> Mapping[str, Any]:
    inputs = computing.inputs
    role, given = str(inputs["role"]), str(inputs["grantRole"])
    with connected(computing) as connection:
        _revoke(connection, inputs)
        with telling("could not execute grant query"):
            if inputs.get("withAdminOption"):
                run(connection, "GRANT {} TO {} WITH ADMIN OPTION", given, role)
            else:
                run(connection, "GRANT {} TO {}", given, role)
    return _read(computing) or {}


def _delete(computing: Computing) -> None:
    with connected(computing) as connection:
        _revoke(connection, computing.inputs)


def _read(computing: Computing) -> Mapping[str, Any] | None:
    """As the provider asks: the first row of the pair, whoever gave it. Since PostgreSQL 16 who makes a role has one
    that nobody asked for, with the admin option and without the role's rights; it comes first, and the id says so too.
    """
    role, given = str(computing.inputs["role"]), str(computing.inputs["grantRole"])
    with connected(computing) as connection:
        found = one(
            connection,
            "SELECT admin_option FROM pg_auth_members WHERE pg_get_userbyid(member) = %s AND"
            " pg_get_userbyid(roleid) = %s",
            role,
            given,
        )
    if found is None:
        return None
    return {"id": _id(role, given, bool(found[0])), "withAdminOption": bool(found[0])}


def _id(role: str, given: str, admin: bool) -> str:
    return "_".join((role, given, str(admin).lower()))


def _another(value: Value, props: Props) -> bool:
    return UNKNOWN in (value, props.get("role")) or value != props.get("role")


TYPES = (
    ResourceType(
        token="postgresql:index/grantRole:GrantRole",
        about="Makes a role a member of another: it then has that one's rights. Other memberships stay as they are.",
        sources=(MEMBERSHIP_GO, GRANT),
        properties=("grantRole", "role", "withAdminOption"),
        rules=(
            *name_rules("role", "grantRole"),
            *(
                Must(
                    path=name,
                    name=f"somebody:{name}",
                    test=lambda value, _: value not in NOBODY,
                    says="is no role: everybody, and nobody, can't be a member",
                    code="42704",
                    source=GRANT,
                )
                for name in ("role", "grantRole")
            ),
            Must(
                path="grantRole",
                test=_another,
                says="is the same role: a role can't be a member of itself",
                code="0LP01",
                source=GRANT,
            ),
        ),
        id=lambda c: _id(str(c.inputs["role"]), str(c.inputs["grantRole"]), bool(c.inputs.get("withAdminOption"))),
        defaults={"withAdminOption": False},
        replaces=("grantRole", "role", "withAdminOption"),
        compares=("grantRole", "role", "withAdminOption"),
        state_only=True,
        on_create=_create,
        on_delete=_delete,
        on_read=_read,
        not_checked=("what the server itself checks (existing roles, circles, rights): it answers in its own words",),
    ),
)
