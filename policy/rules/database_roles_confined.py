"""Roles of databases are no superusers, and a role that everybody has gets nothing.

The server's own administrator is not made here. A role that makes other roles and databases is the provisioner alone.
"""

from __future__ import annotations

from collections.abc import Iterator

from policy.rule import Facts, Resource, Rule, each

PROVISIONER = "smarteros_provisioner"


def _check(resource: Resource, _facts: Facts) -> Iterator[str]:
    inputs = resource.inputs
    if resource.token == "postgresql:index/role:Role":
        name = inputs.get("name")
        for power in ("superuser", "replication", "bypassRowLevelSecurity"):
            if inputs.get(power) is True:
                yield f"the role {name} has {power}, which opens every tenant's data: leave it out"
        for power in ("createRole", "createDatabase"):
            if inputs.get(power) is True and name != PROVISIONER:
                yield f"the role {name} has {power}: only {PROVISIONER} makes roles and databases"
    elif inputs.get("role") == "public" and each(inputs.get("privileges")):
        given = ", ".join(map(str, each(inputs.get("privileges"))))
        what = f"{inputs.get('objectType')} {inputs.get('database', '')}"
        yield f"everybody gets {given} on {what}: grant it to the owner"


RULE = Rule(
    name="database-roles-confined",
    says="Roles of databases have no powers over others' data.",
    types=("postgresql:index/role:Role", "postgresql:index/grant:Grant"),
    check=_check,
)
