"""Roles of databases are no superusers, a role that everybody has gets nothing, and nobody gets another's role.

The server's own administrator is not made here. A role that makes other roles and databases is the provisioner alone; a
database's owner is lent to the provisioner, or to whom the provider logs in as.
"""

from __future__ import annotations

from collections.abc import Iterator

from policy.rule import UNKNOWN, Facts, Props, Resource, Rule, each

PROVISIONER = "smarteros_provisioner"
PROVISIONER_LOGIN = "smarteros_provisioner_login"
_PREDEFINED = ("pg_", "azure_", "rds_", "cloudsql")
"""How the roles begin that a server has from the start; they read and write what is everybody's, or start programs."""


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
        for member in filter(_is_predefined, each(inputs.get("roles"))):
            yield f"the role {name} is a {member}, which opens every tenant's data: leave it out"
    elif resource.token == "postgresql:index/grantRole:GrantRole":
        if _is_predefined(inputs.get("grantRole")):
            yield f"{inputs.get('role')} gets {inputs['grantRole']}, which opens every tenant's data: leave it out"
        elif inputs.get("role") not in (PROVISIONER, acting(resource.provider), UNKNOWN):
            yield f"{inputs.get('role')} gets the role {inputs.get('grantRole')} and all that is its: leave it out"
    elif str(inputs.get("role", "")).lower() == "public" and each(inputs.get("privileges")):
        given = ", ".join(map(str, each(inputs.get("privileges"))))
        what = f"{inputs.get('objectType')} {inputs.get('database', '')}"
        yield f"everybody gets {given} on {what}: grant it to the owner"


def acting(provider: Props) -> str:
    """The role whose rights a provider has: the login of the provisioner assumes another one."""
    user = str(provider.get("username"))
    return PROVISIONER if user == PROVISIONER_LOGIN else user


def _is_predefined(role: object) -> bool:
    return isinstance(role, str) and role.lower().startswith(_PREDEFINED)


RULE = Rule(
    name="database-roles-confined",
    says="Roles of databases have no powers over others' data.",
    types=("postgresql:index/role:Role", "postgresql:index/grant:Grant", "postgresql:index/grantRole:GrantRole"),
    check=_check,
)
