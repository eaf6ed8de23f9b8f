"""Roles of databases are no superusers, nobody has another's role or rights, and every login has a limit.

The server's own administrator is not made here. A role that makes other roles and databases is the provisioner alone; a
database's owner is lent to the provisioner, where it makes that database or copies it, or to whom the provider logs in
as. Who has made a role may hand it on, as PostgreSQL has it since 16 (and a refresh reads); nobody else may. A
database is its owner's by name, and rights on it are taken from `public`, and given to nobody.
"""

from __future__ import annotations

from collections.abc import Iterator

from policy.rule import UNKNOWN, Facts, Props, Resource, Rule, each

__all__ = ["PROVISIONER_LOGIN", "RULE", "acting"]

PROVISIONER = "smarteros_provisioner"
PROVISIONER_LOGIN = "smarteros_provisioner_login"
TEMPLATE = "smarteros_tenant"
"""The database that tenants' are copies of."""
_GUARD = "smarteros_guard"
"""The login that ends what goes over tenants' limits. Its functions are the provisioner's, in their own database."""
_OWNERS = {_GUARD: PROVISIONER}
_LET_IN = {(_GUARD, _GUARD): {"CONNECT"}}
"""(role, database) → what is given there, beside what a database's owner has."""
_LENT = ("odoo",)
"""Owners on the platform whose databases the provisioner makes: one a tenant."""
_PREDEFINED = ("pg_", "azure_", "rds_", "cloudsql")
"""How the roles begin that a server has from the start; they read and write what is everybody's, or start programs."""
_ROLE, _DATABASE = "postgresql:index/role:Role", "postgresql:index/database:Database"
_GRANT, _MEMBER = "postgresql:index/grant:Grant", "postgresql:index/grantRole:GrantRole"


def _check(resource: Resource, facts: Facts) -> Iterator[str]:
    if resource.token == _ROLE:
        yield from _role(resource.inputs, facts)
    elif resource.token == _DATABASE:
        yield from _database(resource.inputs, facts)
    elif resource.token == _MEMBER:
        yield from _member(resource, facts)
    else:
        yield from _grant(resource.inputs)


def _role(inputs: Props, facts: Facts) -> Iterator[str]:
    name = inputs.get("name")
    for power in ("superuser", "replication", "bypassRowLevelSecurity"):
        if inputs.get(power) is True:
            yield f"the role {name} has {power}, which opens every tenant's data: leave it out"
    for power in ("createRole", "createDatabase"):
        if inputs.get(power) is True and name != PROVISIONER:
            yield f"the role {name} has {power}: only {PROVISIONER} makes roles and databases"
    for member in each(inputs.get("roles")):
        if _is_predefined(member):
            yield f"the role {name} is a {member}, which opens every tenant's data: leave it out"
        elif (name, member) != (PROVISIONER_LOGIN, PROVISIONER):
            yield f"the role {name} is a {member}, and has all that is its: leave it out"
    if inputs.get("assumeRole") not in (None, "", UNKNOWN) and name != PROVISIONER_LOGIN:
        yield f"the role {name} acts as {inputs['assumeRole']}: only {PROVISIONER_LOGIN} acts as another"
    if name == PROVISIONER and inputs.get("login") is True:
        yield f"the role {name} logs in itself: only {PROVISIONER_LOGIN} does"
    limit = inputs.get("connectionLimit", -1)
    if isinstance(limit, int | float) and limit < 0 and name not in (PROVISIONER, PROVISIONER_LOGIN):
        yield f"the role {name} may hold every connection of the server: connectionLimit"
    if facts.tenant and inputs.get("skipReassignOwned") is not True:
        yield f"the role {name} can't be dropped by the provisioner: skipReassignOwned"


def _database(inputs: Props, facts: Facts) -> Iterator[str]:
    name, owner, template = (inputs.get(key) for key in ("name", "owner", "template"))
    if name == TEMPLATE:
        if owner is not None:
            yield f"{TEMPLATE} is copied for every tenant, and is {owner}'s: the administrator's, no owner"
        if inputs.get("isTemplate") is not True:
            yield f"{TEMPLATE} can't be copied by the provisioner: isTemplate"
    else:
        wanted = _OWNERS.get(str(name), name)
        if owner not in (wanted, UNKNOWN):
            yield f"the database {name} is {owner}'s: its owner is {wanted}"
        if inputs.get("isTemplate") is True:
            yield f"whoever makes databases may copy {name}: only {TEMPLATE} is a template"
    if template == TEMPLATE and name == TEMPLATE:
        yield f"{TEMPLATE} is no copy of itself: template0"
    limit = inputs.get("connectionLimit", -1)
    if facts.tenant and isinstance(limit, int | float) and limit < 0:
        yield f"the database {name} of the tenant {facts.tenant} has no limit: connectionLimit"


def _member(resource: Resource, facts: Facts) -> Iterator[str]:
    role, lent = resource.inputs.get("role"), resource.inputs.get("grantRole")
    who = acting(resource.provider)
    if _is_predefined(lent):
        yield f"{role} gets {lent}, which opens every tenant's data: leave it out"
    elif role not in (PROVISIONER, who, UNKNOWN):
        yield f"{role} gets the role {lent} and all that is its: leave it out"
    elif lent in (who, PROVISIONER, PROVISIONER_LOGIN) or str(lent).endswith("_admin"):
        yield f"{role} gets the role {lent}, which makes and reads everything: leave it out"
    elif resource.inputs.get("withAdminOption") is True and role != who:
        yield f"{role} may hand the role {lent} on: withAdminOption"
    elif role == PROVISIONER and not facts.tenant and lent not in (*_LENT, UNKNOWN):
        yield f"{role} gets the role {lent}: it makes no databases for it"


def _grant(inputs: Props) -> Iterator[str]:
    given, role = each(inputs.get("privileges")), str(inputs.get("role"))
    what = f"{inputs.get('objectType')} {inputs.get('database', '')}"
    if given and set(given) <= _LET_IN.get((role, str(inputs.get("database"))), set()):
        return
    if given:
        whom = "everybody" if role.lower() == "public" else role
        yield f"{whom} gets {', '.join(map(str, given))} on {what}: a database is its owner's alone"
    elif role != "public" and inputs.get("role") is not UNKNOWN:
        yield f"what {role} has on {what} is taken away: only from public"


def acting(provider: Props) -> str:
    """The role whose rights a provider has: the login of the provisioner assumes another one."""
    user = str(provider.get("username"))
    return PROVISIONER if user == PROVISIONER_LOGIN else user


def _is_predefined(role: object) -> bool:
    return isinstance(role, str) and role.lower().startswith(_PREDEFINED)


RULE = Rule(
    name="database-roles-confined",
    says="Roles of databases have no powers over others' data.",
    types=(_ROLE, _DATABASE, _GRANT, _MEMBER),
    check=_check,
    needs_facts=True,
)
