"""A new database of PostgreSQL lets every role of the server connect: each one here is closed to `public` first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from policy.rule import Facts, Resource, StackRule, each


def _check(stack: Sequence[Resource], _facts: Facts) -> Iterator[tuple[Resource | None, str]]:
    closed = {
        (_server(one), one.inputs.get("database"))
        for one in stack
        if one.token == "postgresql:index/grant:Grant"
        and one.inputs.get("role") == "public"
        and one.inputs.get("objectType") == "database"
        and not each(one.inputs.get("privileges"))
    }
    for resource in stack:
        if resource.token == "postgresql:index/database:Database":
            name = resource.inputs.get("name")
            if (_server(resource), name) not in closed:
                mend = "a Grant for the role public with no privileges on the database"
                yield resource, f"every role of the server may connect to {name}: {mend}"


def _server(resource: Resource) -> tuple[str, str]:
    return str(resource.provider.get("host")), str(resource.provider.get("port"))


RULE = StackRule(
    name="databases-closed",
    says="Only its owner connects to a database.",
    check=_check,
)
