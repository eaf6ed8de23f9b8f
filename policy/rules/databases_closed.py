"""A new database of PostgreSQL lets every role of the server connect: each one here is closed to `public` first.

What is revoked without the owner's rights is not revoked, and PostgreSQL only warns: who is neither a superuser nor the
owner is made a member of the owner's role, before the database is made. Whoever is a superuser of a server closes its
`template1`, too: an idle session of anybody's in it stops every copy of it. A managed server's is its vendor's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from policy.rule import UNKNOWN, Facts, Resource, StackRule, each
from policy.rules.database_roles_confined import acting


def _check(stack: Sequence[Resource], _facts: Facts) -> Iterator[tuple[Resource | None, str]]:
    closed = {
        (_server(one), one.inputs.get("database"))
        for one in stack
        if one.token == "postgresql:index/grant:Grant"
        and one.inputs.get("role") == "public"
        and one.inputs.get("objectType") == "database"
        and not each(one.inputs.get("privileges"))
    }
    members = {
        (_server(one), one.inputs.get("role"), one.inputs.get("grantRole"))
        for one in stack
        if one.token == "postgresql:index/grantRole:GrantRole"
    }
    yield from _templates(stack, closed)
    for resource in stack:
        if resource.token != "postgresql:index/database:Database":
            continue
        server, name, owner, user = _server(resource), resource.inputs.get("name"), *_owner_and_user(resource)
        if (server, name) not in closed:
            mend = "a Grant for the role public with no privileges on the database"
            yield resource, f"every role of the server may connect to {name}: {mend}"
        elif not _has_rights(resource, owner, user) and (server, user, owner) not in members:
            mend = f"a GrantRole of {owner} to {user}, on which the database depends"
            yield resource, f"{user} has no right to close {name}, which is {owner}'s, so everybody may connect: {mend}"


def _templates(
    stack: Sequence[Resource], closed: set[tuple[tuple[str, str], object]]
) -> Iterator[tuple[Resource | None, str]]:
    """Of each server whose databases are made by its superuser."""
    reported = set()
    for resource in stack:
        if resource.token != "postgresql:index/database:Database" or not _is_superuser(resource):
            continue
        server = _server(resource)
        if (server, "template1") not in closed and server not in reported:
            reported.add(server)
            mend = "a Grant for the role public with no privileges on the database template1"
            yield resource, f"every role of its server may connect to template1 and stop that it is copied: {mend}"


def _owner_and_user(database: Resource) -> tuple[object, str]:
    user = acting(database.provider)
    return database.inputs.get("owner") or user, user


def _has_rights(database: Resource, owner: object, user: str) -> bool:
    return owner in (user, UNKNOWN) or _is_superuser(database)


def _is_superuser(database: Resource) -> bool:
    return str(database.provider.get("superuser", True)).lower() == "true"


def _server(resource: Resource) -> tuple[str, str]:
    return str(resource.provider.get("host")), str(resource.provider.get("port"))


RULE = StackRule(
    name="databases-closed",
    says="Only its owner connects to a database.",
    check=_check,
)
